#!/usr/bin/env bash
# Builds what is published of a version in a clone of its own, tries it, and puts it into target/release: the artifacts,
# their checksums and the notes of the changelog.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$1
refuse() { echo "$1" >&2 && exit 1; }

[ -z "$(git status --porcelain)" ] || refuse "The clone is not clean: commit or remove what git status tells."
# Of each artifact of ours, wherever it is named: its own version, or the one that the POM has.
stated=$(grep -hA 1 -E '<artifactId>rocketmq-(parent|bom|client-ffm|natives)</artifactId>' \
  pom.xml {parent,natives,bom}/pom.xml it/*/pom.xml README.md docs/running.md | grep '<version>' | tr -d ' ' | sort -u)
for other in $stated; do
  # shellcheck disable=SC2016 # Maven's own
  [[ $other == "<version>$version</version>" || $other == '<version>${project.version}</version>' ]] ||
    refuse "A POM, the README or docs/running.md has $other, which is not $version."
done
grep -q "^project(rocketmq VERSION ${version%%-*} " native-build/CMakeLists.txt ||
  refuse "native-build/CMakeLists.txt is not of version ${version%%-*}."
notes=$(awk -v heading="## $version" '$0 == heading { inside = 1; next } /^## / { inside = 0 } inside' CHANGELOG.md)
[ -n "$notes" ] || refuse "CHANGELOG.md has no section \"## $version\"."

here=$PWD
rm -rf target/release
mkdir -p target/release
git clone -q . target/release/clone
cd target/release/clone
./dev install
scripts/it.sh
scripts/reproducible.sh all
release=$here/target/release
mkdir -p "$release/files"
printf '%s\n' "$notes" >"$release/notes.md"
cp target/rocketmq-client-ffm-"$version"*.jar natives/target/rocketmq-natives-"$version"*.jar "$release/files/"
cp target/.flattened-pom.xml "$release/files/rocketmq-client-ffm-$version.pom"
cp natives/target/.flattened-pom.xml "$release/files/rocketmq-natives-$version.pom"
cp bom/target/.flattened-pom.xml "$release/files/rocketmq-bom-$version.pom"
for platform in linux-x86_64 linux-aarch_64 windows-x86_64; do
  cp "native-build/build/bundles/$platform/META-INF/sbom/librocketmq-$platform.cdx.json" "$release/files/"
done
find native-build/build/linux-*/ -maxdepth 1 -name '*.debug' | while read -r symbols; do
  cp "$symbols" "$release/files/$(basename "$(dirname "$symbols")")-$(basename "$symbols")"
done
(cd "$release/files" && sha256sum -- * >SHA256SUMS)
ls -l "$release/files"
