#!/usr/bin/env bash
# Checks a library that is to be released for Linux: what it needs of a system, what it exports, its size and symbols.
set -euo pipefail
library=$(realpath "$1")
cd "$(dirname "$0")/.."

newest_glibc=2.17
most_bytes=$((8 * 1024 * 1024))
allowed="libc.so.6 libdl.so.2 libm.so.6 libpthread.so.0 librt.so.1 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1"
symbols=$(dirname "$library")/librocketmq.so.debug

wrong=0
complain() {
  echo "$library: $1" >&2
  wrong=1
}

for needed in $(llvm-readelf-19 --needed-libs "$library" | grep -oE '[A-Za-z0-9_+-]+\.so[.0-9]*'); do
  [[ " $allowed " == *" $needed "* ]] || complain "needs $needed, which not every system has"
done
versions=$(llvm-readelf-19 --version-info "$library" | grep -oE '\b[A-Z]+_[A-Z0-9._]+\b' | sort -uV)
[[ $versions == *GLIBC_* ]] || complain "names no version of glibc"
for version in $versions; do
  latest=$(printf '%s\n%s\n' "${version#*_}" "$newest_glibc" | sort -V | tail -n 1)
  [[ $version == GLIBC_* && $latest == "$newest_glibc" ]] ||
    complain "needs $version: nothing above GLIBC_$newest_glibc may be"
done
exports=$(llvm-nm-19 -D --defined-only --format=just-symbols "$library" | sort)
differences=$(diff <(sort native-build/test/abi/exports.txt) - <<<"$exports") ||
  complain "exports differ from native-build/test/abi/exports.txt:"$'\n'"$differences"
bytes=$(stat -c %s "$library")
[ "$bytes" -lt $most_bytes ] || complain "has $bytes bytes: $most_bytes are the most"
sections=$(llvm-readelf-19 --sections "$library")
[[ $sections != *.debug_info* && $sections != *.symtab* ]] || complain "is not stripped"
[[ $sections == *.gnu_debuglink* && -s $symbols ]] || complain "tells of no symbols, or $symbols is missing"
# The folder of the build would make other bytes of the same sources elsewhere.
for file in "$library" "$symbols"; do
  ! grep -qF "$PWD" "$file" || complain "${file##*/} names the folder $PWD"
done

newest=$(sort -V <<<"$versions" | grep GLIBC_ | tail -n 1)
echo "${library#"$PWD/"}: $bytes bytes, newest version $newest, $(wc -l <<<"$exports") functions"
exit $wrong
