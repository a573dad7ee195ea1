#!/usr/bin/env bash
# Installs librocketmq as a user and as Debian do, and builds and runs examples/c with what was installed, on the mock
# cluster; on a real one too where ROCKETMQ_NAMESRV_ADDR names it. The Debian packages go into clean Debian roots, which
# takes root's rights and a mirror; "extract" unpacks them into a folder instead.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh build install
release=$PWD/native-build/build/release
package=$PWD/native-build/build/package
roots=$PWD/native-build/build/install-roots
work=$PWD/native-build/build/install-tests
version=$(sed -n 's/^project(rocketmq VERSION \([0-9.]*\).*/\1/p' native-build/CMakeLists.txt)
warnings=(-Wall -Wextra -pedantic -Werror)
checks=0 failures=0
rm -rf "$work"
mkdir -p "$work"

# check TEXT COMMAND…: its output is shown where it fails, and the rest goes on. In a shell of its own, which a command
# that fails ends: none would in a function that is a condition.
check() {
  local text=$1 status
  shift
  checks=$((checks + 1))
  set +e
  (set -e && "$@") >"$work/check.log" 2>&1
  status=$?
  set -e
  if [ $status -eq 0 ]; then
    echo "   ok: $text"
  else
    failures=$((failures + 1))
    echo "   FAILED: $text"
    sed 's/^/      /' "$work/check.log" | tail -n 40
  fi
}

not() { ! "$@"; }
same() { [ "$1" = "$2" ] || { echo "there is \"$1\" in place of \"$2\"" && return 1; }; }
empty() { [ -z "$1" ] || { echo "$1" && return 1; }; }

# until_true SECONDS COMMAND…
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.1
  done
}

lines() { [ "$(grep -c "$2" "$1")" -ge "$3" ]; }

# ---- installed by CMake

install_components() {
  cmake --install "$release" --prefix "$work/runtime" --component runtime
  cmake --install "$release" --prefix "$work/development" --component development
  cmake --install "$release" --prefix "$work/prefix"
}

files_of() { (cd "$1" && find . -type f -o -type l) | sort; }

check_runtime_files() {
  same "$(files_of "$work/runtime" | grep -v '/licences/')" "./lib/librocketmq.so.0
./lib/librocketmq.so.$version
./share/doc/rocketmq/LICENSE"
}

check_all_files() {
  same "$(files_of "$work/prefix")" "$({ files_of "$work/runtime" && files_of "$work/development"; } | sort)"
  same "$(cd "$work/prefix/include/rocketmq" && ls)" "$(cd headers/rocketmq && ls)"
}

soname() { readelf -d "$1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p'; }

check_licences() {
  local folder=$work/prefix/share/doc/rocketmq/licences name
  for name in asio expected fmt libdeflate lz4 nlohmann-json zlib zstd; do
    grep -qi copyright "$folder/$name.txt" || { echo "$name.txt is not there or names no owner" && return 1; }
  done
  grep -q 'Redistribution and use' "$folder/lz4.txt"
  grep -q 'Redistribution and use' "$folder/zstd.txt"
  not grep -r 'GNU General Public' "$folder"
}

# Each by itself, as a program may include one alone.
check_headers() {
  local header language=$1 standard=$2
  for header in headers/rocketmq/*.h; do
    echo "#include <rocketmq/$(basename "$header")>" |
      gcc -x "$language" -std="$standard" "${warnings[@]}" -fsyntax-only -I "$prefix/include" -
  done
}

build_version_program() {
  cat >"$work/version.cpp" <<'TEXT'
#include <rocketmq/rocketmq.h>

#include <iostream>

int main() {
  rocketmq_string text = ROCKETMQ_STRING("version");
  std::cout.write(text.data, text.length) << ' ' << rocketmq_version() << '\n';
}
TEXT
  # shellcheck disable=SC2046 # options, apart
  g++ -std=c++11 "${warnings[@]}" "$work/version.cpp" -o "$work/version" $(pkg-config --cflags --libs rocketmq)
  same "$("$work/version")" "version $version"
}

build_by_find_package() {
  cmake -S examples/c -B "$work/find-package" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="${warnings[*]}"
  cmake --build "$work/find-package"
}

ask_for_version_1() {
  mkdir -p "$work/version-1"
  cat >"$work/version-1/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.22)
project(version_1 LANGUAGES C)
find_package(rocketmq 1.0 CONFIG REQUIRED)
TEXT
  not cmake -S "$work/version-1" -B "$work/version-1/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/version-1/log" 2>&1
  grep -q "rocketmq-config.cmake, version: $version" "$work/version-1/log"
}

# By pkg-config, with what finds wrong accesses and leaks.
build_by_pkg_config() {
  local name
  mkdir -p "$work/pkg-config"
  for name in producer consumer; do
    # shellcheck disable=SC2046
    gcc -std=c11 -g -fsanitize=address,undefined -fno-sanitize-recover=all "${warnings[@]}" "examples/c/$name.c" \
      -o "$work/pkg-config/$name" $(pkg-config --cflags --libs rocketmq)
  done
}

# ---- programs that run

start_mock() {
  gcc "${warnings[@]}" -I native-build/mock native-build/test/install/mock_cluster.c -o "$work/mock-cluster" \
    -L "$release" -lrocketmq-mock -Wl,-rpath,"$release"
  mkfifo "$work/mock-input"
  "$work/mock-cluster" <"$work/mock-input" >"$work/mock-address" &
  mock=$!
  # It ends with this script, whatever ends that.
  exec 9>"$work/mock-input"
  until_true 10 test -s "$work/mock-address"
  address=$(<"$work/mock-address")
}

# exchange FOLDER NAME_SERVERS TOPIC COMMAND…: the folder's consumer receives what the producer that COMMAND… runs
# sends, and a signal ends it.
exchange() {
  local folder=$1 servers=$2 topic=$3 consumer status=0
  shift 3
  "$folder/consumer" "$servers" "$topic" >"$work/received" 2>"$work/consumer.log" 9>&- &
  consumer=$!
  "$@" "$servers" "$topic" 3 >"$work/sent" || status=1
  cat "$work/sent"
  until_true 60 lines "$work/received" '^received ' 3 || status=1
  kill -TERM $consumer
  wait $consumer || status=1
  cat "$work/received" "$work/consumer.log"
  same $status 0
  same "$(sed -n 's/^sent \(message [0-9]\) as \([0-9A-F]*\), .*/received \1, which is \2/p' "$work/sent" | sort)" \
    "$(grep '^received' "$work/received" | sort)"
  same "$(grep -c '^sent' "$work/sent")" 3
  same "$(tail -n 1 "$work/received")" "consumed 3 messages"
}

# Ctrl-C between two messages: no error, and no more messages.
interrupt_producer() {
  "$work/pkg-config/producer" "$address" interrupted 1000 >"$work/interrupted" 9>&- &
  local producer=$! status=0
  until_true 10 lines "$work/interrupted" '^sent' 1 || status=1
  kill -INT $producer
  until_true 5 not kill -0 $producer || { kill -KILL $producer && status=1; }
  wait $producer || status=1
  cat "$work/interrupted"
  same $status 0
  not lines "$work/interrupted" '^sent' 10
}

# unreachable COMMAND…: tells why, and fails. Nothing listens on port 1.
unreachable() {
  local status=0
  "$@" 127.0.0.1:1 orders 1 >"$work/unreachable" 2>&1 || status=$?
  cat "$work/unreachable"
  same $status 1
  grep -q '^send: UNREACHABLE: .*no name server answered: 127.0.0.1:1 .*Connection refused' "$work/unreachable"
}

# The program that the guide shows.
run_guide_program() {
  local status=0
  # shellcheck disable=SC2016 # these are no commands
  sed -n '/^```c$/,/^```$/p' docs/guide.md | sed '/^```/d' >"$work/first.c"
  test -s "$work/first.c"
  # shellcheck disable=SC2046
  gcc -std=c11 "${warnings[@]}" "$work/first.c" -o "$work/first" $(pkg-config --cflags --libs rocketmq)
  "$work/first" "$address" >"$work/first.log"
  cat "$work/first.log"
  grep -Eq '^stored as [0-9A-F]{32}$' "$work/first.log"
  "$work/first" 127.0.0.1:1 >"$work/first.log" 2>&1 || status=$?
  cat "$work/first.log"
  same $status 1
  grep -q '^UNREACHABLE: ' "$work/first.log"
}

# ---- Debian packages

build_packages() {
  # A folder of its own: Debian's folder of libraries is that of the prefix /usr.
  cd native-build
  cmake --preset release -B "$package" -DCMAKE_INSTALL_PREFIX=/usr -DROCKETMQ_BUILD_TESTS=OFF
  cmake --build "$package" -j "$(nproc)"
  rm -rf "$package/packages"
  # What is packaged does not depend on it.
  umask 077
  cd "$package"
  cpack -B packages
}

field() { dpkg-deb -f "$1" "$2"; }

check_control() {
  same "$(field "$runtime" Package) $(field "$runtime" Version)" "librocketmq0 $version"
  same "$(field "$runtime" Section)" libs
  same "$(field "$development" Package) $(field "$development" Section)" "librocketmq-dev libdevel"
  same "$(field "$development" Depends)" "librocketmq0 (= $version)"
  # Not by pipes: what writes into one may be killed when grep has found its text.
  grep -Eq '^libc6 \(>= [0-9.]+\), libgcc-s1 \(>= [0-9.]+\)$' <<<"$(field "$runtime" Depends)"
  grep -q '<.*@.*>' <<<"$(field "$runtime" Maintainer)"
  grep -q '^Native client of Apache RocketMQ$' <<<"$(field "$runtime" Description)"
  same "$(dpkg-deb -I "$runtime" shlibs)" "librocketmq 0 librocketmq0 (>= $version)"
}

check_contents() {
  rm -rf "$work/extracted"
  dpkg-deb -x "$runtime" "$work/extracted"
  same "$(files_of "$work/extracted")" "./usr/lib/$architecture/librocketmq.so.0
./usr/lib/$architecture/librocketmq.so.$version
./usr/share/doc/librocketmq0/copyright"
  empty "$(readelf -SW "$work/extracted/usr/lib/$architecture/librocketmq.so.0" | grep -E '\.debug|\.symtab')"
  grep -q '^==== zstd' "$work/extracted/usr/share/doc/librocketmq0/copyright"
  dpkg-deb -x "$development" "$work/extracted"
  cmp "$work/extracted/usr/share/doc/"{librocketmq-dev,librocketmq0}/copyright
  same "$(cd "$work/extracted/usr/include/rocketmq" && ls)" "$(cd headers/rocketmq && ls)"
  test -L "$work/extracted/usr/lib/$architecture/librocketmq.so"
  test -e "$work/extracted/usr/lib/$architecture/pkgconfig/rocketmq.pc"
  # Readable by all, although the packages were made with a strict umask.
  empty "$(find "$work/extracted/usr" -mindepth 1 ! -type l ! -perm -0444)"
}

# make_root NAME PACKAGES: a Debian of the build's release, kept for the next time.
make_root() {
  local name=$1 include=$2 codename mirror
  [ ! -e "$roots/$name.done" ] || return 0
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  # shellcheck disable=SC2016 # apt's own variables
  mirror=$(apt-get indextargets --format '$(IDENTIFIER) $(CODENAME) $(COMPONENT) $(REPO_URI)' |
    awk -v name="$codename" '$1 == "Packages" && $2 == name && $3 == "main" { print $4; exit }')
  [ -n "$mirror" ] || { echo "apt knows no mirror of $codename" && return 1; }
  rm -rf "${roots:?}/$name"
  mkdir -p "$roots"
  debootstrap --variant=minbase ${include:+--include="$include"} "$codename" "$roots/$name" "$mirror" &&
    touch "$roots/$name.done"
}

# copy_root NAME: so that what is kept stays clean.
copy_root() {
  cp -a "$roots/$1" "$work/$1"
  mkdir "$work/$1/t"
  cp "$runtime" "$development" examples/c/*.c "$work/$1/t/"
}

# in_root NAME COMMAND…
in_root() {
  local name=$1
  shift
  env -u LD_LIBRARY_PATH -u PKG_CONFIG_PATH LC_ALL=C chroot "$work/$name" "$@"
}

install_in_clean_root() {
  copy_root clean
  cp "$work/find-package/producer" "$work/clean/t/"
  not in_root clean /t/producer >"$work/clean.log" 2>&1
  grep 'error while loading shared libraries: librocketmq.so.0' "$work/clean.log"
  in_root clean sh -c 'dpkg -i /t/librocketmq0_*.deb'
  in_root clean ldconfig -p | grep librocketmq.so.0
}

refuse_development_alone() {
  copy_root compiler
  not in_root compiler sh -c 'dpkg -i /t/librocketmq-dev_*.deb'
  in_root compiler dpkg -P librocketmq-dev
}

build_in_compiler_root() {
  in_root compiler sh -c 'dpkg -i /t/*.deb'
  # shellcheck disable=SC2016 # the shell in there has them
  in_root compiler sh -ec 'for name in producer consumer; do
    gcc -std=c11 -Wall -Werror /t/$name.c -o /t/$name $(pkg-config --cflags --libs rocketmq); done'
}

remove_from_root() {
  in_root compiler dpkg -P librocketmq-dev librocketmq0
  empty "$(find "$work/compiler/usr" "$work/compiler/etc" -name '*rocketmq*')"
  not grep -q rocketmq <<<"$(in_root compiler ldconfig -p)"
}

test_in_roots() {
  check "the runtime package in a clean root, where a program then finds its library" install_in_clean_root
  check "a program there tells that a name server is unreachable" unreachable in_root clean /t/producer
  check "the development package does not go without the other" refuse_development_alone
  check "the examples are built by pkg-config in a root with a compiler" build_in_compiler_root
  check "a program built there tells that a name server is unreachable" unreachable in_root compiler /t/producer
  check "a program built there sends, and one of the prefix receives" \
    exchange "$work/find-package" "$address" from-root in_root compiler /t/producer
  check "both packages go without a trace" remove_from_root
  rm -rf "$work/clean" "$work/compiler"
}

find_extracted_packages() {
  cmake -S examples/c -B "$work/find-extracted" -DCMAKE_PREFIX_PATH="$work/extracted/usr"
  grep "^rocketmq_DIR:PATH=$work/extracted/usr/lib/$architecture/cmake/rocketmq$" "$work/find-extracted/CMakeCache.txt"
  cmake --build "$work/find-extracted"
}

build_with_extracted_packages() {
  export PKG_CONFIG_PATH=$work/extracted/usr/lib/$architecture/pkgconfig
  # shellcheck disable=SC2046
  gcc -std=c11 "${warnings[@]}" examples/c/producer.c -o "$work/extracted/producer" \
    $(pkg-config --cflags --libs rocketmq)
}

with_extracted_library() { LD_LIBRARY_PATH=$work/extracted/usr/lib/$architecture "$@"; }

test_extracted() {
  echo "== Debian packages, extracted into a folder: $1; their dependencies and scripts remain untried"
  check "an example is built with them" build_with_extracted_packages
  check "it tells that a name server is unreachable" unreachable with_extracted_library "$work/extracted/producer"
  check "it sends, and a program of the prefix receives" \
    exchange "$work/find-package" "$address" extracted with_extracted_library "$work/extracted/producer"
}

echo "== building librocketmq"
(cd native-build && cmake --preset release >/dev/null)
cmake --build "$release" -j "$(nproc)" --target rocketmq rocketmq-mock >/dev/null
start_mock

echo "== cmake --install"
check "each component, and both together" install_components
check "the runtime component has the library and the licences alone" check_runtime_files
check "every file and header belongs to a component" check_all_files
check "the SONAME" same "$(soname "$work/prefix/lib/librocketmq.so")" librocketmq.so.0
check "the link to compile with" same "$(readlink "$work/prefix/lib/librocketmq.so")" librocketmq.so.0
check "the link to run with" same "$(readlink "$work/prefix/lib/librocketmq.so.0")" "librocketmq.so.$version"
check "the licences of what is bound in" check_licences
# All that follows is done with an installation that was moved.
mv "$work/prefix" "$work/moved"
prefix=$work/moved
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib

echo "== compiling with what was installed"
check "each header as C99" check_headers c c99
check "each header as C11" check_headers c c11
check "each header as C++11" check_headers c++ c++11
check "each header as C++20" check_headers c++ c++20
check "pkg-config's version" same "$(pkg-config --modversion rocketmq)" "$version"
check "a C++ program" build_version_program
check "the examples by find_package" build_by_find_package
check "find_package does not take it for version 1.0" ask_for_version_1
check "the examples by pkg-config, with AddressSanitizer" build_by_pkg_config

echo "== running, on the mock cluster at $address"
check "producer and consumer by find_package" \
  exchange "$work/find-package" "$address" by-find-package "$work/find-package/producer"
check "producer and consumer by pkg-config" \
  exchange "$work/pkg-config" "$address" by-pkg-config "$work/pkg-config/producer"
check "Ctrl-C ends a producer" interrupt_producer
check "an unreachable name server" unreachable "$work/pkg-config/producer"
check "the guide's program" run_guide_program
if [ -n "${ROCKETMQ_NAMESRV_ADDR:-}" ]; then
  echo "== running, on the cluster at $ROCKETMQ_NAMESRV_ADDR"
  check "producer and consumer" \
    exchange "$work/pkg-config" "$ROCKETMQ_NAMESRV_ADDR" "native-install-$RANDOM" "$work/pkg-config/producer"
fi

echo "== Debian packages"
check "are built" build_packages
architecture=$(gcc -print-multiarch)
runtime=$(echo "$package"/packages/librocketmq0_*.deb)
development=$(echo "$package"/packages/librocketmq-dev_*.deb)
check "their fields" check_control
check "their contents, stripped" check_contents
check "find_package finds what they contain" find_extracted_packages
if [ "${1:-}" = extract ]; then
  test_extracted "as was asked for"
elif [ "$(id -u)" -ne 0 ]; then
  test_extracted "a Debian root takes root's rights"
elif { make_root clean "" && make_root compiler gcc,libc6-dev,pkgconf; } >"$work/roots.log" 2>&1; then
  test_in_roots
else
  # That of root is not left out for a mirror that cannot be reached.
  check "Debian roots can be made" not cat "$work/roots.log"
  test_extracted "a Debian root could not be made"
fi

exec 9>&-
mock_status=0
wait "$mock" || mock_status=$?
check "the mock cluster ends" same $mock_status 0
echo
echo "$((checks - failures)) of $checks checks passed"
[ $failures -eq 0 ]
