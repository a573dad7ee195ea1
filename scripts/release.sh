#!/usr/bin/env bash
# Builds what is published of a version, from a clean clone of it, into target/release: the artifacts, their checksums
# and the notes of the changelog.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$1
refuse() { echo "$1" >&2 && exit 1; }

[ -z "$(git status --porcelain)" ] || refuse "The clone is not clean: commit or remove what git status tells."
for pom in pom.xml parent/pom.xml natives/pom.xml bom/pom.xml; do
  grep -q "<version>$version</version>" "$pom" || refuse "$pom is not of version $version."
done
grep -q "^project(rocketmq VERSION ${version%%-*} " native-build/CMakeLists.txt ||
  refuse "native-build/CMakeLists.txt is not of version ${version%%-*}."
notes=$(awk -v begin="## $version" 'index($0, begin) == 1 { inside = 1; next } /^## / { inside = 0 } inside' CHANGELOG.md)
[ -n "$notes" ] || refuse "CHANGELOG.md has no section \"## $version\"."

./dev package
rm -rf target/release
mkdir -p target/release/files
printf '%s\n' "$notes" >target/release/notes.md
cp target/rocketmq-client-ffm-"$version"*.jar natives/target/rocketmq-natives-"$version"*.jar target/release/files/
cp target/.flattened-pom.xml "target/release/files/rocketmq-client-ffm-$version.pom"
cp natives/target/.flattened-pom.xml "target/release/files/rocketmq-natives-$version.pom"
cp bom/target/.flattened-pom.xml "target/release/files/rocketmq-bom-$version.pom"
for platform in linux-x86_64 linux-aarch_64 windows-x86_64; do
  cp "native-build/build/bundles/$platform/META-INF/sbom/librocketmq-$platform.cdx.json" target/release/files/
done
find native-build/build/linux-*/ -maxdepth 1 -name '*.debug' | while read -r symbols; do
  cp "$symbols" "target/release/files/$(basename "$(dirname "$symbols")")-$(basename "$symbols")"
done
(cd target/release/files && sha256sum -- * >SHA256SUMS)
ls -l target/release/files
