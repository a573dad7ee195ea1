#!/usr/bin/env bash
# Builds rocketmq.dll with mingw-w64, and runs the native tests under wine; or those that do not take long: quick; or
# builds alone: build [TARGET…].
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh build windows
# What Debian does not package for Windows.
sources=$(scripts/native-sources.sh lz4 zstd libdeflate)
mapfile -t definitions <<<"$sources"
(cd native-build && cmake --preset windows-x86_64 "${definitions[@]}" >/dev/null)
build=native-build/build/windows-x86_64
targets=("${@:2}")
cmake --build "$build" -j "$(nproc)" --target "${targets[@]:-all}" -- --quiet
[ "${1:-}" != build ] || exit 0

rm -rf "$build/test-results"
unset DISPLAY
export WINEDEBUG=-all WINEPREFIX=$PWD/$build/wine WINEDLLOVERRIDES="mscoree,mshtml="
wine wineboot --init >/dev/null 2>&1
# Most of the time goes into the timeouts that these wait for.
left_out='^$'
[ "${1:-}" != quick ] || left_out='^(producer|consumer)$'
status=0
(cd "$build" && ctest --output-on-failure -j 1 -E "$left_out" >test.log 2>&1) || { status=1; tail -n 80 "$build/test.log"; }
# A process under wine sometimes ends without its report: it runs once more, and must leave one then.
for program in "$build"/rocketmq_*_test.exe; do
  name=$(basename "$program" _test.exe)
  name=${name#rocketmq_}
  [[ -e $build/test-results/$name.xml || $name =~ $left_out ]] && continue
  echo "$name left no report: it runs once more"
  (cd "$build" && wine "rocketmq_${name}_test.exe" "--gtest_output=xml:test-results/$name.xml" >>test.log 2>&1) || status=1
  [ -e "$build/test-results/$name.xml" ] || status=1
done
wineserver -k || true
testing/test-summary.sh "Windows, under wine:$build/test-results" || status=1
exit $status
