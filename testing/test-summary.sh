#!/usr/bin/env bash
# Prints what passed, failed and was skipped, from JUnit XML. Arguments: "part:folder" each, or "part:folder:exceptions"
# with a file of tests that may fail or be skipped: Class.method in each line, then the reason. Fails when another test
# failed, a part ran none, or one was skipped that neither that file nor testing/announced-skips.txt names.
set -euo pipefail
cd "$(dirname "$0")/.."

sum() { { grep -hoE "<testsuite [^>]*" "$2"/*.xml 2>/dev/null | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+' || true; } | awk '{n+=$1} END {print n+0}'; }

# "outcome name Class.method" of each test; of each run where it has parameters.
outcomes() {
  { cat "$1"/*.xml 2>/dev/null || true; } | awk '
    function attribute(key) {
      return match($0, " " key "=\"[^\"]*") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : ""
    }
    function tell() { if (method != "") print outcome, name, method }
    /<testcase / {
      tell()
      name = attribute("name")
      class = attribute("classname")
      method = name
      gsub(/ /, "", name)
      sub(/[({[].*/, "", method)
      sub(/.*[.]/, "", class)
      method = class "." method
      outcome = "passed"
    }
    /^ *<(failure|error)/ { outcome = "failed" }
    /<skipped/ { outcome = "skipped" }
    END { tell() }'
}

status=0
printf '\n%-24s %8s %8s %8s\n' "" passed failed skipped
for argument in "$@"; do
  IFS=: read -r part folder exceptions <<<"$argument"
  tests=$(sum tests "$folder")
  failed=$(($(sum failures "$folder") + $(sum errors "$folder")))
  # The one mark that Surefire and GoogleTest share.
  skipped=$({ grep -ho '<skipped' "$folder"/*.xml 2>/dev/null || true; } | wc -l)
  printf '%-24s %8d %8d %8d\n' "$part" $((tests - failed - skipped)) "$failed" "$skipped"
  if [ "$tests" -eq 0 ]; then
    echo "  no test ran"
    status=1
  fi
  named=0
  while read -r outcome name method; do
    [ "$outcome" != failed ] || named=$((named + 1))
    if [ "$outcome" = skipped ] && grep -qxF "$name" testing/announced-skips.txt; then
      echo "  skipped, as announced: $name"
    elif [ -n "$exceptions" ] && reason=$(grep -F "$method " "$exceptions"); then
      echo "  $outcome, as announced: $reason"
    else
      echo "  $outcome without an announcement: $method ($name)"
      status=1
    fi
  done < <(outcomes "$folder" | grep -v '^passed' | sort -u)
  # A failure of no test, say of what comes before all tests of a class.
  [ "$failed" -le "$named" ] || status=1
  [ -z "$exceptions" ] || while read -r method reason; do
    runs=$(outcomes "$folder" | awk -v method="$method" '$3 == method { print $1 }' | sort -u)
    if [ "$runs" = passed ]; then
      echo "  passed, though announced: $method $reason"
    fi
  done < <(grep -v '^#' "$exceptions")
done
exit $status
