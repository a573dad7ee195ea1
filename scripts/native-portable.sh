#!/usr/bin/env bash
# Builds what is released for Linux, for glibc 2.17 and later, and checks it; then runs the native tests, those of
# another machine under qemu. Arguments: the machines (x86_64, aarch64; both where none is named), and build for no
# tests, or quick for those that do not take long.
set -euo pipefail
cd "$(dirname "$0")/.."

machines=() tests=ON targets=(all)
# Most of the time goes into the timeouts that these wait for.
left_out='^$'
for argument in "$@"; do
  case $argument in
    x86_64 | aarch64) machines+=("$argument") ;;
    build) tests=OFF ;;
    quick)
      targets=(rocketmq_shipped rocketmq_{base,protocol,net,client,capi}_test)
      left_out='^(producer|consumer|mock|fuzz)$'
      ;;
    *)
      echo "There is no machine $argument: x86_64, aarch64" >&2
      exit 2
      ;;
  esac
done
[ ${#machines[@]} -gt 0 ] || machines=(x86_64 aarch64)

scripts/packages.sh build portable
scripts/zig.sh "${machines[@]}"
sources=$(scripts/native-sources.sh zlib lz4 zstd libdeflate)
mapfile -t definitions <<<"$sources"

status=0
for machine in "${machines[@]}"; do
  build=native-build/build/linux-$machine
  echo "== building librocketmq for linux-$machine"
  (cd native-build && cmake --preset "linux-$machine" -Wno-dev "-DROCKETMQ_BUILD_TESTS=$tests" "${definitions[@]}" \
    >/dev/null)
  cmake --build "$build" -j "$(nproc)" --target "${targets[@]}" -- --quiet
  scripts/check-library.sh "$build/librocketmq.so" || status=1
  [ "$tests" = ON ] || continue
  echo "== native tests of linux-$machine"
  rm -rf "$build/test-results"
  (cd "$build" && ctest --output-on-failure -j "$(nproc)" -E "$left_out" >test.log 2>&1) || { status=1; tail -n 80 "$build/test.log"; }
  testing/test-summary.sh "linux-$machine:$build/test-results" || status=1
done
exit $status
