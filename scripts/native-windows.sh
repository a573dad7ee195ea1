#!/usr/bin/env bash
# Builds rocketmq.dll with mingw-w64, and runs the native tests under wine; or builds alone: build [TARGET…].
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh build windows
work=$PWD/native-build/build/windows-sources
mkdir -p "$work"

# LZ4, Zstandard and libdeflate are not packaged for Windows: Debian's source packages are.
fetch_sources() {
  local name=$1 folder
  folder=$(find "$work" -maxdepth 1 -type d -name "$name-*" | head -n 1)
  if [ -z "$folder" ]; then
    sed -E 's/^Types: deb$/Types: deb-src/; s/^deb /deb-src /' /etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
      2>/dev/null >"$work/sources.txt" || true
    mkdir -p "$work/apt/lists/partial"
    if grep -q '^Types:' "$work/sources.txt"; then mv "$work/sources.txt" "$work/apt/src.sources"; else mv "$work/sources.txt" "$work/apt/src.list"; fi
    local options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/apt" -o "Dir::State::Lists=$work/apt/lists")
    apt-get "${options[@]}" update -q >/dev/null
    # A mirror may list a version that it does not hold yet, or no longer: then the one before serves.
    local version
    for version in $(apt-cache "${options[@]}" showsrc "$name" | sed -n 's/^Version: //p' | sort -rV); do
      (cd "$work" && apt-get "${options[@]}" -o APT::Sandbox::User=root source -q "$name=$version" >"$work/$name.log" 2>&1) && break
    done
    folder=$(find "$work" -maxdepth 1 -type d -name "$name-*" | head -n 1)
  fi
  if [ -z "$folder" ]; then
    tail -n 20 "$work/$name.log" >&2
    echo "The sources of $name cannot be had from Debian's mirror." >&2
    return 1
  fi
  echo "$folder"
}

lz4=$(fetch_sources lz4)
zstd=$(fetch_sources libzstd)
deflate=$(fetch_sources libdeflate)
(cd native-build && cmake --preset windows-x86_64 -DROCKETMQ_LZ4_SOURCES="$lz4/lib" \
  -DROCKETMQ_ZSTD_SOURCES="$zstd/lib" -DROCKETMQ_LIBDEFLATE_SOURCES="$deflate" >/dev/null)
build=native-build/build/windows-x86_64
targets=("${@:2}")
cmake --build "$build" -j "$(nproc)" --target "${targets[@]:-all}" -- --quiet
[ "${1:-}" != build ] || exit 0

rm -rf "$build/test-results"
unset DISPLAY
export WINEDEBUG=-all WINEPREFIX=$PWD/$build/wine WINEDLLOVERRIDES="mscoree,mshtml="
wine wineboot --init >/dev/null 2>&1
status=0
(cd "$build" && ctest --output-on-failure -j 1 >test.log 2>&1) || { status=1; tail -n 80 "$build/test.log"; }
# A process under wine sometimes ends without its report: it runs once more, and must leave one then.
for program in "$build"/rocketmq_*_test.exe; do
  name=$(basename "$program" _test.exe)
  name=${name#rocketmq_}
  [ -e "$build/test-results/$name.xml" ] && continue
  echo "$name left no report: it runs once more"
  (cd "$build" && wine "rocketmq_${name}_test.exe" "--gtest_output=xml:test-results/$name.xml" >>test.log 2>&1) || status=1
  [ -e "$build/test-results/$name.xml" ] || status=1
done
wineserver -k || true
testing/test-summary.sh "Windows, under wine:$build/test-results" || status=1
exit $status
