# For the projects here: each is built and run in a folder of its own, against the name server of the first argument.
# shellcheck shell=bash
root=$(cd ../.. && pwd)
name_servers=$1
work=$root/target/it/$(basename "$PWD")
rm -rf "$work"
mkdir -p "$work"
export name_servers work

maven() { mvn -q -B -Dstyle.color=never "$@"; }

# The first block of this language in the README.
readme_block() {
  awk -v begin="^\`\`\`$1\$" '$0 ~ begin && !done { inside = 1; next } /^```/ { if (inside) done = 1; inside = 0 } inside' \
    "$root/README.md"
}

# The README's program in the package shop, as a module has none without a name.
program_of_a_package() {
  mkdir -p "$1/shop"
  { echo 'package shop;'; readme_block java; } >"$1/shop/First.java"
}
