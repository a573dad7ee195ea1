#!/usr/bin/env bash
# Builds what is released for Linux here and, without ccache, in a clone of this commit in another folder: the bytes are
# the same, those of the debug symbols too. Arguments: the machines, as for native-portable.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -z "$(git status --porcelain)" ] || echo "What is not committed is not compared." >&2
other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
git clone -q . "$other/elsewhere"
scripts/native-portable.sh "$@" build
CCACHE_DISABLE=1 "$other/elsewhere/scripts/native-portable.sh" "$@" build

status=0
for file in "$other"/elsewhere/native-build/build/linux-*/librocketmq.so{,.debug}; do
  here=native-build/build${file#*/native-build/build}
  cmp "$file" "$here" || status=1
done
[ $status -ne 0 ] || echo "The same bytes in two folders."
exit $status
