#!/usr/bin/env bash
# Prints the folder of a JDK 22 or later, which need not be the default one.
set -euo pipefail
for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/*jdk* "$HOME"/.sdkman/candidates/java/*; do
  [ -x "$home/bin/javac" ] || continue
  version=$("$home/bin/java" -version 2>&1 | sed -nE 's/.*version "([0-9]+).*/\1/p')
  if [ "${version:-0}" -ge 22 ]; then
    echo "$home"
    exit 0
  fi
done
echo "There is no JDK 22 or later in JAVA_HOME or /usr/lib/jvm." >&2
exit 1
