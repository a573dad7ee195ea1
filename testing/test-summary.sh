#!/usr/bin/env bash
# Prints what passed, failed and was skipped, from JUnit XML. Arguments: "part:folder" each. Fails when a test
# failed, a part ran none, or one was skipped that testing/announced-skips.txt does not name.
set -euo pipefail
cd "$(dirname "$0")/.."

sum() { { grep -hoE "<testsuite [^>]*" "$2"/*.xml 2>/dev/null | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+' || true; } | awk '{n+=$1} END {print n+0}'; }

status=0
printf '\n%-24s %8s %8s %8s\n' "" passed failed skipped
for argument in "$@"; do
  part=${argument%%:*}
  folder=${argument#*:}
  tests=$(sum tests "$folder")
  failed=$(($(sum failures "$folder") + $(sum errors "$folder")))
  # The one mark that Surefire and GoogleTest share; it follows the line that names the test.
  skipped=$({ grep -ho '<skipped' "$folder"/*.xml 2>/dev/null || true; } | wc -l)
  printf '%-24s %8d %8d %8d\n' "$part" $((tests - failed - skipped)) "$failed" "$skipped"
  if [ "$tests" -eq 0 ]; then
    echo "  no test ran"
    status=1
  fi
  [ "$failed" -eq 0 ] || status=1
  if [ "$skipped" -gt 0 ]; then
    names=$(grep -hE -B1 '<skipped' "$folder"/*.xml | grep '<testcase' | grep -oE ' name="[^"]+"' | cut -d'"' -f2 | sort -u)
    while read -r name; do
      if grep -qxF "$name" testing/announced-skips.txt 2>/dev/null; then
        echo "  skipped, as announced: $name"
      else
        echo "  skipped without an announcement: $name"
        status=1
      fi
    done <<<"$names"
  fi
done
exit $status
