#!/usr/bin/env bash
# Runs each fuzzer, with AddressSanitizer and UndefinedBehaviorSanitizer, for so many seconds (10), from the committed
# corpus on and from what it found before. What makes one fail belongs into the corpus, which is replayed as a test.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}

scripts/packages.sh build sanitizers
(cd native-build && cmake --preset fuzz >/dev/null)
build=native-build/build/fuzz
cmake --build "$build" -j "$(nproc)" -- --quiet
status=0 ran=0
for fuzzer in "$build"/*_fuzzer; do
  name=$(basename "$fuzzer" _fuzzer)
  found=$build/found/$name
  mkdir -p "$found"
  "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="$build/crash-$name-" "$found" "native-build/fuzz/corpus/$name" >"$build/$name.log" 2>&1 ||
    { status=1; tail -n 40 "$build/$name.log"; }
  ran=$((ran + 1))
  printf '%-12s %10d inputs\n' "$name" "$(grep -oE 'number_of_executed_units: [0-9]+' "$build/$name.log" | grep -oE '[0-9]+' || echo 0)"
done
[ "$ran" -gt 0 ] || { echo "no fuzzer was built" >&2; status=1; }
exit $status
