#!/usr/bin/env bash
# The Testcontainers tests, on a container engine of their own: none of the machine's is used or needed.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" -eq 0 ] || { echo "The container engine needs root: sudo $0" >&2; exit 1; }
scripts/packages.sh build containers
./dev setup
./dev native
image=rocketmq-ffm-test:1
engine=$(mktemp -d /tmp/engine.XXXXXX)

# shellcheck disable=SC2317 # the trap calls it
stop_engine() {
  if [ -n "${pid:-}" ]; then
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$engine"
}
trap stop_engine EXIT

export DOCKER_HOST=unix://$engine/docker.sock
dockerd -H "$DOCKER_HOST" --data-root "$engine/data" --exec-root "$engine/exec" -p "$engine/docker.pid" \
  --iptables=false --ip6tables=false --ip-forward=false >"$engine/log" 2>&1 &
pid=$!
for ((i = 0; ; i++)); do
  docker info >/dev/null 2>&1 && break
  if [ $i -ge 120 ] || ! kill -0 "$pid" 2>/dev/null; then
    echo "The container engine did not start:" >&2
    tail -n 30 "$engine/log" >&2
    exit 1
  fi
  sleep 0.5
done

testing/container/build-image.sh "$(scripts/find-jdk.sh)" target/rocketmq-server/lib "$image"
export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1
rm -rf target/surefire-reports target/test-parts/container
status=0
mvn -q -B test -Dtest.groups=container -Drocketmq.container.image="$image" || status=1
mkdir -p target/test-parts/container
cp target/surefire-reports/TEST-*.xml target/test-parts/container/ 2>/dev/null || true
testing/test-summary.sh "containers:target/test-parts/container" || status=1
exit $status
