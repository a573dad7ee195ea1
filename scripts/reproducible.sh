#!/usr/bin/env bash
# Builds what ./dev package built here once more, in another folder and without a compiler cache, and compares the bytes:
# all jars, with the libraries of here; with "all", the libraries too.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
other=$work/another/folder
git clone -q . "$other"
mkdir -p "$other/native-build/build"
libraries=()
if [ "${1:-}" = all ]; then
  libraries=(linux-{x86_64,aarch64}/librocketmq.so{,.debug} windows-x86_64/rocketmq.dll)
  # Its compiler, but nothing that it made here.
  mkdir -p "$other/native-build/build/zig/bin"
  cp -r native-build/build/zig/package native-build/build/zig/*.stamp "$other/native-build/build/zig/"
  cp -r native-build/build/sources "$other/native-build/build/"
else
  cp -r native-build/build/bundles "$other/native-build/build/"
fi
export CCACHE_DISABLE=1
(
  cd "$other"
  if [ "${1:-}" = all ]; then
    scripts/native-portable.sh build >/dev/null
    scripts/native-windows.sh build rocketmq
    scripts/native-bundles.sh >/dev/null
  fi
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
