#!/usr/bin/env bash
# Builds what ./dev package built here once more, in another folder and without a compiler cache, and compares the bytes:
# the library for Linux on x86_64 and all jars; with "all", the other libraries too.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
other=$work/another/folder
git clone -q . "$other"
mkdir -p "$other/native-build/build"
cp -r native-build/build/sources "$other/native-build/build/"
mkdir "$other/native-build/build/bundles"
# Its compiler, but nothing that it made here.
mkdir -p "$other/native-build/build/zig/bin"
cp -r native-build/build/zig/package native-build/build/zig/*.stamp "$other/native-build/build/zig/"

libraries=(linux-x86_64/librocketmq.so linux-x86_64/librocketmq.so.debug)
machines=(x86_64)
platforms=(linux-x86_64)
copied=(linux-aarch_64 windows-x86_64)
if [ "${1:-}" = all ]; then
  machines+=(aarch64)
  platforms+=("${copied[@]}")
  copied=()
  libraries+=(linux-aarch64/librocketmq.so linux-aarch64/librocketmq.so.debug windows-x86_64/rocketmq.dll)
fi
for platform in "${copied[@]}"; do
  cp -r "native-build/build/bundles/$platform" "$other/native-build/build/bundles/"
done
export CCACHE_DISABLE=1
(
  cd "$other"
  scripts/native-portable.sh "${machines[@]}" build >/dev/null
  [ "${1:-}" != all ] || scripts/native-windows.sh build rocketmq
  scripts/native-bundles.sh "${platforms[@]}" >/dev/null
  mvn -q -B -Dstyle.color=never -f parent/pom.xml -Prelease package -Dmaven.test.skip=true
)

failed=0 compared=0
compare() {
  compared=$((compared + 1))
  cmp "$1" "$2" || failed=1
}
for library in "${libraries[@]}"; do
  compare "$here/native-build/build/$library" "$other/native-build/build/$library"
done
while read -r jar; do
  compare "$here/$jar" "$other/$jar"
done < <(cd "$other" && find target natives/target -maxdepth 1 -name '*.jar' | sort)
[ $failed -eq 0 ] && echo "$compared files have the same bytes in two folders"
exit $failed
