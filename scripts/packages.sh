#!/usr/bin/env bash
# Installs the Debian packages that a part of the build needs: build (default), lint, sanitizers, windows,
# portable, containers, bench. Elsewhere it says what is missing.
set -euo pipefail

declare -A parts=(
  [build]="g++ cmake ninja-build ccache libasio-dev nlohmann-json3-dev libfmt-dev libexpected-dev libgtest-dev libgmock-dev zlib1g-dev libdeflate-dev liblz4-dev libzstd-dev maven"
  [lint]="clang-format-19 clang-tidy-19 shellcheck"
  [sanitizers]="clang-19 libclang-rt-19-dev llvm-19"
  [windows]="g++-mingw-w64-x86-64-posix libz-mingw-w64-dev wine wine64 googletest dpkg-dev"
  [portable]="python3-pip llvm-19 googletest dpkg-dev qemu-user libc6-arm64-cross"
  [containers]="docker.io"
  [bench]="libbenchmark-dev"
)
wanted=()
for part in "${@:-build}"; do
  read -ra names <<<"${parts[$part]}"
  wanted+=("${names[@]}")
done

if ! command -v dpkg-query >/dev/null; then
  echo "This is not Debian: install the equivalents of these packages yourself: ${wanted[*]}" >&2
  exit 0
fi
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "== installing ${missing[*]}"
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo)
# Another installation may be under way: it is waited for.
wait=(-o DPkg::Lock::Timeout=300)
"${root[@]}" apt-get "${wait[@]}" update -q >/dev/null
DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get "${wait[@]}" install -y -q --no-install-recommends "${missing[@]}" >/dev/null
