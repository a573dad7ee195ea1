#!/usr/bin/env bash
# Generates generated/ from headers/ with jextract ($JEXTRACT, or the one on the PATH). With --check, only tells
# whether what is committed differs.
set -euo pipefail
cd "$(dirname "$0")/.."

jextract=${JEXTRACT:-$(command -v jextract || true)}
if [ -z "$jextract" ]; then
  echo "jextract was not found: build it from openjdk/jextract, and set JEXTRACT to its launcher." >&2
  exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
header=headers/rocketmq/rocketmq.h
package=io.github.rocketffm.internal.binding
target=generated
[ "${1:-}" = --check ] && target=$work/generated

# Only what the header itself declares: no symbol of a system header gets in.
"$jextract" --dump-includes "$work/all" -I headers "$header"
grep -E '^--include-[a-z]+ (rocketmq_|ROCKETMQ_)' "$work/all" | grep -v ROCKETMQ_API >"$work/includes"
rm -rf "$target"
mkdir -p "$target"
"$jextract" "@$work/includes" -I headers --output "$target" --target-package "$package" --header-class-name Rocketmq "$header"

folder=$target/${package//.//}
# Java 22 has no SymbolLookup.findOrThrow.
sed -i -E 's/SYMBOL_LOOKUP\.findOrThrow\(([^)]*)\)/Symbols.find(SYMBOL_LOOKUP, \1)/g' "$folder"/*.java
# On Linux int64_t is C long, which has 4 bytes on Windows: long long has 8 everywhere.
sed -i -E '/ C_LONG = /d; s/\bC_LONG\b/C_LONG_LONG/g' "$folder"/*.java
{
  echo "package $package;"
  cat <<'JAVA'

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/** The functions that the bindings call, and where they are found. */
public final class Symbols {
    private static volatile SymbolLookup library;

    private Symbols() {}

    /** Before the first call. */
    public static void use(SymbolLookup lookup) {
        library = lookup;
    }

    public static final List<String> FUNCTIONS = List.of(
JAVA
  grep -E '^--include-function' "$work/includes" | awk '{print $2}' | sort |
    sed 's/.*/            "&",/' | sed '$ s/,$/);/'
  cat <<'JAVA'

    static MemorySegment find(SymbolLookup other, String name) {
        SymbolLookup lookup = library == null ? other : library;
        return lookup.find(name).orElseThrow(() -> new UnsatisfiedLinkError("librocketmq lacks " + name));
    }
}
JAVA
} >"$folder/Symbols.java"

if [ "${1:-}" = --check ]; then
  diff -r generated "$target" && echo "generated/ is what jextract makes of $header."
fi
