#!/usr/bin/env bash
# Installs zig, whose clang links against the glibc that it is told of, into native-build/build/zig, with compilers for
# the machines of the arguments (x86_64, aarch64) by the names that native-build/cmake/linux-zig.cmake looks for.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -nE 's/^ziglang==([^ ]+).*/\1/p' scripts/zig-requirements.txt)
home=$PWD/native-build/build/zig
# What is made here is made anew when this file changes.
stamp=$home/$version-$(cksum <scripts/zig.sh | cut -d ' ' -f 1).stamp
if [ ! -e "$stamp" ]; then
  echo "== installing zig $version"
  rm -rf "$home"
  mkdir -p "$home/bin"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --target "$home/package" -r scripts/zig-requirements.txt
  touch "$stamp"
fi

# ccache knows by the "clang" in a name how to call it, and by the file's bytes whether it is the same compiler. What
# zig makes itself, such as libc++ for a target, it keeps beside it.
tool() {
  cat >"$home/bin/$1" <<END
#!/bin/sh
# zig $version
home=\$(dirname "\$0")/..
export ZIG_GLOBAL_CACHE_DIR="\$home/cache" ZIG_LOCAL_CACHE_DIR="\$home/cache"
exec "\$home/package/ziglang/zig" $2 "\$@"
END
  chmod +x "$home/bin/$1"
}

for machine in "$@"; do
  [ ! -e "$home/bin/linux-$machine-clang++" ] || continue
  echo "== compiling libc++ for linux-$machine"
  tool ar ar
  tool ranlib ranlib
  tool "linux-$machine-clang" "cc -target $machine-linux-gnu.2.17"
  tool next "c++ -target $machine-linux-gnu.2.17"
  # The first link has zig compile libc++. What it would tell a debugger names this folder, which no option of zig's
  # can hide: without it, the same sources give the same bytes in any folder.
  # Not from a folder above zig's own, for which it would keep another libunwind.
  work=$(mktemp -d)
  echo 'int main() { throw 1; }' >"$work/any.cpp"
  (
    cd "$work"
    "$home/bin/next" -fno-sanitize=all -O2 -g1 -fPIC -c any.cpp
    "$home/bin/next" -fno-sanitize=all -O2 -g1 -fPIC -shared any.o -o any.so
  )
  rm -r "$work"
  find "$home/cache" -name '*.a' -newer "$home/bin/next" -exec llvm-objcopy-19 --strip-debug {} \;
  mv "$home/bin/next" "$home/bin/linux-$machine-clang++"
done
