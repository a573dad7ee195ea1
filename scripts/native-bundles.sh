#!/usr/bin/env bash
# Puts together what the jars of natives/ hold: each platform's library, stripped, with the licence texts of what is
# bound into it and a list of that (CycloneDX). The libraries were built before; or for the platforms that are named.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$PWD/native-build/build
version=$(sed -n 's/^project(rocketmq VERSION \([0-9.]*\).*/\1/p' native-build/CMakeLists.txt)

# component TYPE NAME VERSION LICENCE PURL
component() {
  printf '    {"type": "%s", "name": "%s", "version": "%s", "licenses": [{"%s": "%s"}], "purl": "%s"}' \
    "$1" "$2" "$3" "$([[ $4 == *" "* ]] && echo expression || echo license)" "$4" "$5" |
    sed -E 's/\{"license": ("[^"]*")\}/{"license": {"id": \1}}/'
}

# Of a Debian package: from its sources where they were built, or as it is installed.
debian() {
  local name=$1 source=$2 package=$3 licence=$4 folder found
  folder=$(find "$build/sources" -maxdepth 1 -type d -name "$source-*" 2>/dev/null | sort | head -n 1)
  if [ -n "$folder" ] && [ "$5" = sources ]; then
    found=${folder##*-}
  else
    found=$(dpkg-query -W -f='${Version}' "$package")
  fi
  [ -n "$found" ] || { echo "The version of $package is not known." >&2 && exit 1; }
  component library "$name" "$found" "$licence" "pkg:deb/debian/$source@$found"
}

list_parts() {
  local platform=$1 part zig
  local parts=("asio asio libasio-dev BSL-1.0 package" "nlohmann-json nlohmann-json3 nlohmann-json3-dev MIT package"
    "fmt fmtlib libfmt-dev MIT package" "expected expected libexpected-dev CC0-1.0 package"
    "lz4 lz4 liblz4-dev BSD-2-Clause sources" "zstd libzstd libzstd-dev BSD-3-Clause sources"
    "libdeflate libdeflate libdeflate-dev MIT sources")
  case $platform in
    windows-*) parts+=("zlib libz-mingw-w64 libz-mingw-w64-dev Zlib package"
      "mingw-w64 mingw-w64 mingw-w64-common LicenseRef-mingw-w64 package") ;;
    *) parts+=("zlib zlib zlib1g-dev Zlib sources") ;;
  esac
  for part in "${parts[@]}"; do
    # shellcheck disable=SC2086 # its words
    debian $part
    echo ,
  done
  case $platform in
    windows-*)
      local compiler=g++-mingw-w64-x86-64-posix
      debian libgcc gcc-mingw-w64 $compiler "GPL-3.0-or-later WITH GCC-exception-3.1" package
      echo ,
      debian libstdc++ gcc-mingw-w64 $compiler "GPL-3.0-or-later WITH GCC-exception-3.1" package
      ;;
    *)
      zig=$(sed -nE 's/^ziglang==([^ ]+).*/\1/p' scripts/zig-requirements.txt)
      for part in libc++ libc++abi libunwind; do
        [ "$part" = libc++ ] || echo ,
        component library "$part" "$zig" "Apache-2.0 WITH LLVM-exception" "pkg:generic/zig@$zig#$part"
      done
      ;;
  esac
  echo
}

# bundle PLATFORM PRESET LIBRARY
bundle() {
  local platform=$1 preset=$2 library=$3
  local from=$build/$preset to=$build/bundles/$1 staged
  [ -e "$from/$library" ] || { echo "There is no $from/$library: build it first." >&2; return 1; }
  staged=$(mktemp -d)
  cmake --install "$from" --prefix "$staged" --component runtime >/dev/null
  rm -rf "$to"
  mkdir -p "$to/META-INF/licences" "$to/META-INF/sbom"
  cp -L "$from/$library" "$to/"
  case $platform in windows-*) x86_64-w64-mingw32-strip -p "$to/$library" ;; esac
  find "$staged" -path '*/licences/*' -name '*.txt' -exec cp {} "$to/META-INF/licences/" \;
  rm -rf "$staged"
  local notices=(asio expected fmt libdeflate lz4 nlohmann-json zlib zstd) notice
  case $platform in
    windows-*)
      # Its run time and threads, of which every binary copy is to have the notice.
      cp /usr/share/doc/mingw-w64-common/copyright "$to/META-INF/licences/mingw-w64.txt"
      notices+=(mingw-w64)
      ;;
  esac
  for notice in "${notices[@]}"; do
    [ -s "$to/META-INF/licences/$notice.txt" ] || { echo "The licence of $notice is missing for $platform." >&2 && return 1; }
  done
  {
    printf '{\n  "bomFormat": "CycloneDX",\n  "specVersion": "1.6",\n  "version": 1,\n  "metadata": {"component": '
    component library librocketmq "$version" Apache-2.0 "pkg:maven/io.github.rocketffm/rocketmq-natives@$version?classifier=$platform" | sed 's/^ *//'
    printf '},\n  "components": [\n'
    list_parts "$platform"
    printf '  ]\n}\n'
  } >"$to/META-INF/sbom/librocketmq-$platform.cdx.json"
  python3 -m json.tool "$to/META-INF/sbom/librocketmq-$platform.cdx.json" >/dev/null
  printf '   %-16s %s bytes\n' "$platform" "$(stat -c %s "$to/$library")"
}

platforms=("$@")
[ ${#platforms[@]} -gt 0 ] || platforms=(linux-x86_64 linux-aarch_64 windows-x86_64)
for platform in "${platforms[@]}"; do
  case $platform in
    linux-x86_64) bundle "$platform" linux-x86_64 librocketmq.so ;;
    linux-aarch_64) bundle "$platform" linux-aarch64 librocketmq.so ;;
    windows-x86_64) bundle "$platform" windows-x86_64 rocketmq.dll ;;
    *) echo "There is no platform $platform." >&2 && exit 2 ;;
  esac
done
