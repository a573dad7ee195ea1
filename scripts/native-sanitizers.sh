#!/usr/bin/env bash
# The native tests under a sanitizer: asan (with UBSan) or tsan; or their build alone: asan build.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1

scripts/packages.sh build sanitizers
(cd native-build && cmake --preset "$preset" >/dev/null)
build=native-build/build/$preset
cmake --build "$build" -j "$(nproc)" -- --quiet
[ "${2:-}" != build ] || exit 0
rm -rf "$build/test-results"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
status=0
(cd "$build" && ctest --output-on-failure -j "$(nproc)" >test.log 2>&1) || { status=1; tail -n 80 "$build/test.log"; }
testing/test-summary.sh "native, $preset:$build/test-results" || status=1
exit $status
