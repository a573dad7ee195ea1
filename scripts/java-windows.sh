#!/usr/bin/env bash
# Runs the Java tests and the quick start on Windows' own JDK under wine, with a rocketmq.dll that mingw-w64 built: all
# tests of the groups unit and mock, or what does not take long: quick. testing/announced-on-windows.txt names those
# that cannot pass there.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  "") selection=() limit=30m ;;
  quick)
    # Half of the time goes into these, most of it into virtual machines of their own.
    selection=(--exclude-classname '.*[.](FullHeap|Exit|BatchMemoryMock|RefusingExecutorMock|SendLimitsMock)Test')
    limit=10m
    ;;
  *)
    echo "usage: scripts/java-windows.sh [quick]" >&2
    exit 2
    ;;
esac

./dev setup
scripts/native-windows.sh build rocketmq rocketmq-mock rocketmq-abi-layout
runtime=$(scripts/windows-jdk.sh)
jdk=$(scripts/find-jdk.sh)
mvn -q -B test-compile dependency:build-classpath -Dmdep.outputFile=target/test-classpath.txt -Dmdep.includeScope=test
launcher=target/junit-console/lib
if [ ! "$launcher" -nt testing/junit-console/pom.xml ]; then
  rm -rf "$launcher"
  mvn -q -B -f testing/junit-console/pom.xml package -Dlib="$PWD/$launcher"
fi

results=target/java-windows
rm -rf "$results"
mkdir -p "$results/reports"
unset DISPLAY
export WINEDEBUG=-all WINEPREFIX=$PWD/native-build/build/windows-jdk/wine WINEDLLOVERRIDES="mscoree,mshtml="
wine wineboot --init >/dev/null 2>&1
trap 'wineserver -k || true' EXIT

# Of a list with ':', as Windows knows it.
windows_paths() { tr : '\n' | sed 's,^,Z:,' | paste -sd ';'; }

windows_java() {
  local limit=$1
  shift
  # An option for the programs that tests start, too: the runtime cannot ask wine 8, and would tell so each time.
  JDK_JAVA_OPTIONS=-XX:ActiveProcessorCount=$(nproc) timeout -k 10 "$limit" wine "$runtime/bin/java.exe" \
    --enable-native-access=ALL-UNNAMED -Drocketmq.library.path="Z:$PWD/native-build/build/windows-x86_64" "$@"
}

# Such as comes with a JDK, but not with this runtime: virtual machines start faster.
[ -e "$runtime/bin/server/classes.jsa" ] || windows_java 2m -Xshare:dump >"$results/share.log" 2>&1 ||
  tail -n 5 "$results/share.log"

status=0
echo "== Java tests on Windows' JDK"
# The launcher has all of JUnit in it.
classpath=$PWD/target/classes:$PWD/target/test-classes:$(tr : '\n' <target/test-classpath.txt |
  grep -vE '/(junit-(jupiter|platform)|opentest4j|apiguardian)[^/]*$' | paste -sd :):$(echo "$PWD/$launcher"/*.jar)
windows_java "$limit" -Xms512m -Xmx512m -XX:+AlwaysPreTouch \
  -Djunit.jupiter.execution.timeout.default="3 m" \
  -Djunit.jupiter.execution.timeout.thread.mode.default=SEPARATE_THREAD \
  -cp "$(windows_paths <<<"$classpath")" org.junit.platform.console.ConsoleLauncher execute \
  --include-engine junit-jupiter --include-tag unit --include-tag mock "${selection[@]}" \
  --scan-classpath "Z:$PWD/target/test-classes" --reports-dir "$results/reports" \
  --disable-banner --disable-ansi-colors --details=summary >"$results/tests.log" 2>&1 || code=$?
# What fails is judged by the reports, which are written at the end.
if [ "${code:-0}" -gt 1 ]; then
  echo "The tests did not come to their end: status $code"
  tail -n 40 "$results/tests.log"
  wineserver -k || true
  status=1
fi
testing/test-summary.sh "Java on Windows, in wine:$results/reports:testing/announced-on-windows.txt" || {
  status=1
  sed -n '/^Failures/,$p' "$results/tests.log" | head -n 100
}

echo "== the quick start on Windows' JDK and on this one, with a broker on this machine"
linux=native-build/build/release
(cd native-build && cmake --preset release >/dev/null)
cmake --build "$linux" -j "$(nproc)" --target rocketmq -- --quiet
linux_java=("$jdk/bin/java" --enable-native-access=ALL-UNNAMED -Drocketmq.library.path="$linux"
  -Dlogback.configurationFile=testing/warnings-logback.xml
  -cp "target/classes:target/test-classes:$(cat target/test-classpath.txt)")
# It ends with its input.
coproc server {
  "${linux_java[@]}" -Drocketmq.server.home=target/rocketmq-server io.github.rocketffm.testing.ServerProgram \
    "$results/server" 2>"$results/server.log"
}
server_pid=$!
if ! read -r -t 120 ROCKETMQ_NAMESRV_ADDR <&"${server[0]}"; then
  cat "$results/server.log" >&2
  exit 1
fi
export ROCKETMQ_NAMESRV_ADDR
windows_java 5m -Dlogback.configurationFile=testing/warnings-logback.xml -cp "$(windows_paths <<<"$classpath")" \
  io.github.rocketffm.quickstart.QuickStart 2>"$results/windows.err" | tr -d '\r' >"$results/windows.txt" || status=1
timeout 5m "${linux_java[@]}" io.github.rocketffm.quickstart.QuickStart >"$results/linux.txt" || status=1
eval "exec ${server[1]}>&-"
wait "$server_pid" || status=1
cat "$results/windows.txt"
# All but what is measured, and the names of the topic and of the Java.
what_is_said() {
  sed -E 's/(p50|p99|max) [0-9.,]+/\1/g; s/(messages.s .*) [0-9,]+$/\1/; s/quickstart-[0-9-]+//; s/Java [^;]+//' "$1"
}
if ! diff <(what_is_said "$results/linux.txt") <(what_is_said "$results/windows.txt"); then
  echo "On Linux, the quick start says something else."
  status=1
fi
[ $status -eq 0 ] || tail -n 20 "$results/windows.err"
exit $status
