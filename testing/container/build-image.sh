#!/usr/bin/env bash
# Builds a container image without a registry: a Java runtime, the server's jars and a shell.
# Arguments: the JDK's folder, the folder of the jars, the image's name.
set -euo pipefail
jdk=$1 jars=$2 image=$3
here=$(cd "$(dirname "$0")" && pwd)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,etc,proc,sys,dev,root,opt/rocketmq,var/store}
mkdir -m 1777 "$root/tmp"
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
"$jdk/bin/jlink" --add-modules java.se,jdk.unsupported,jdk.management,jdk.crypto.ec,jdk.zipfs --strip-debug --no-man-pages \
  --no-header-files --output "$root/opt/jre"
cp -r "$jars" "$root/opt/rocketmq/lib"
cp "$here/start" "$root/opt/rocketmq/start"
chmod +x "$root/opt/rocketmq/start"

programs=(/bin/bash /bin/cat /bin/sleep)
for program in "${programs[@]}"; do cp -L "$program" "$root/bin/"; done
ln -s bash "$root/bin/sh"
# The shared libraries of all of them and of RocksDB's in the jars, and what looks up names.
{
  ldd "${programs[@]}" "$root/opt/jre/bin/java" "$root"/opt/jre/lib/*.so "$root"/opt/jre/lib/server/*.so 2>/dev/null |
    awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\/.*[^:]$/ {print $1}'
  ls /lib/*-linux-gnu/libnss_{files,dns}.so.2 /usr/lib/*-linux-gnu/lib{stdc++.so.6,gcc_s.so.1} 2>/dev/null || true
} | sort -u | grep -vF "$root" | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

tar -C "$root" -c . | docker import -c 'ENV ROCKETMQ_HOME=/opt/rocketmq' -c 'CMD ["/opt/rocketmq/start"]' - "$image" >/dev/null
