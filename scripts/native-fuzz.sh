#!/usr/bin/env bash
# Runs each fuzzer, with AddressSanitizer and UndefinedBehaviorSanitizer, for so many seconds (10), from the committed
# corpus on and from what it found before. What makes one fail belongs into the corpus, which is replayed as a test.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}

scripts/packages.sh build sanitizers
(cd native-build && cmake --preset asan >/dev/null)
build=native-build/build/asan
shopt -s nullglob
names=()
for source in native-build/fuzz/*_fuzzer.cpp; do names+=("$(basename "$source" .cpp)"); done
[ ${#names[@]} -gt 0 ] || { echo "there is no fuzzer in native-build/fuzz" >&2; exit 1; }
cmake --build "$build" -j "$(nproc)" --target "${names[@]}" -- --quiet

fuzz() {
  local build=$1 seconds=$2 fuzzer=$3
  local name=${fuzzer%_fuzzer}
  local found=$build/found/$name log=$build/$name.log status=0
  mkdir -p "$found"
  "$build/$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 \
    -artifact_prefix="$build/crash-$name-" "$found" "native-build/fuzz/corpus/$name" >"$log" 2>&1 ||
    { status=1; tail -n 40 "$log"; }
  printf '%-12s %10d inputs\n' "$name" "$(grep -oE 'number_of_executed_units: [0-9]+' "$log" | grep -oE '[0-9]+' || echo 0)"
  return $status
}
export -f fuzz
printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I {} bash -c 'fuzz "$@"' fuzz "$build" "$seconds" {}
