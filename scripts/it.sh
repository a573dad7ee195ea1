#!/usr/bin/env bash
# Builds each project of it/ against the packaged artifacts, and runs it on a real broker; or those that are named.
# Needs ./dev install before.
set -euo pipefail
cd "$(dirname "$0")/.."

JAVA_HOME=$(scripts/find-jdk.sh)
export JAVA_HOME PATH="$JAVA_HOME/bin:$PATH"
mkdir -p target/it
scripts/packages.sh build install
./dev setup
mvn -q -B test-compile dependency:build-classpath -Dmdep.outputFile=target/test-classpath.txt -Dmdep.includeScope=test

server=target/it/server
rm -rf "$server" && mkdir -p "$server"
mkfifo "$server/input" "$server/output"
java -Drocketmq.server.home=target/rocketmq-server -Drocketmq.library.path=native-build/build/bundles/linux-x86_64 \
  -cp "target/test-classes:target/classes:$(cat target/test-classpath.txt)" \
  io.github.rocketffm.testing.ServerProgram "$server" <"$server/input" >"$server/output" 2>"$server/log" &
# The end of its input is its end.
exec 3>"$server/input" 4<"$server/output"
if ! read -r -t 120 name_servers <&4; then
  cat "$server/log" >&2
  exit 1
fi

projects=("$@")
[ ${#projects[@]} -gt 0 ] || mapfile -t projects < <(find it -name run -printf '%h\n' | sed 's,it/,,' | sort)
failed=0
for project in "${projects[@]}"; do
  begin=$SECONDS
  log=target/it/$project.log
  # Each run of a program tells that both of its messages came; a project may run it twice.
  runs=$(grep -cE '^(java|image/bin/java|maven exec:exec|first) ' "it/$project/run")
  if (cd "it/$project" && ./run "$name_servers") >"$log" 2>&1 3>&- && [ "$(grep -c 'both came' "$log")" -eq "$runs" ] &&
    ! grep 'restricted method' "$log"; then
    printf '   %-14s passed %4d s\n' "$project" $((SECONDS - begin))
  else
    printf '   %-14s FAILED %4d s, %s:\n' "$project" $((SECONDS - begin)) "$log"
    tail -n 40 "$log"
    failed=1
  fi
done
exit $failed
