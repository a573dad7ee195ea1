#!/usr/bin/env bash
# Fetches the sources of the named libraries (lz4, zstd, libdeflate, zlib) for targets that Debian has no static library
# of, from Debian's source packages, and prints CMake's definitions that name them, one a line.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/native-build/build/sources
declare -A packages=([lz4]=lz4 [zstd]=libzstd [libdeflate]=libdeflate [zlib]=zlib)
declare -A folders=([lz4]=/lib [zstd]=/lib [libdeflate]="" [zlib]="")

folder_of() { find "$work" -maxdepth 1 -type d -name "$1-*" | sort | head -n 1; }

# apt's settings and lists for source packages, in a folder of their own: the machine's stay as they are.
options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/apt" -o "Dir::State::Lists=$work/apt/lists"
  -o APT::Sandbox::User=root)
list_sources() {
  [ -z "${listed:-}" ] || return 0
  listed=yes
  mkdir -p "$work/apt/lists/partial"
  local list
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ -e "$list" ] || continue
    sed -E 's/^Types: .*$/Types: deb-src/; s/^deb /deb-src /' "$list" >"$work/apt/$(basename "$list")"
  done
  # A list of somebody else's packages may be out of reach: what is missing shows when a package is asked for.
  apt-get "${options[@]}" update -q >"$work/apt/update.log" 2>&1 || true
}

fetch() {
  local package=$1 version
  list_sources
  # A mirror may list a version that it does not hold yet, or no longer: then the one before serves.
  for version in $(apt-cache "${options[@]}" showsrc "$package" | sed -n 's/^Version: //p' | sort -rVu); do
    (cd "$work" && apt-get "${options[@]}" source -q "$package=$version" >"$work/$package.log" 2>&1) && return
  done
  tail -n 20 "$work/$package.log" "$work/apt/update.log" >&2 || true
  echo "The sources of $package cannot be had from Debian's mirror." >&2
  return 1
}

mkdir -p "$work"
for name in "$@"; do
  package=${packages[$name]}
  [ -n "$(folder_of "$package")" ] || fetch "$package"
  echo "-DROCKETMQ_${name^^}_SOURCES=$(folder_of "$package")${folders[$name]}"
done
