# SPDX-License-Identifier: MIT
# Sourced by the scripts beside it: where things are, building, a scratch folder, a service on a port of its own.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=
service_pid=
service_port=

# Messages about what happens go to stderr; results to stdout.
say() { printf '%s\n' "$*" >&2; }
fail() { say "$(basename "$0"): $*"; exit 1; }

# make_scratch: a folder in $scratch that is gone, with every service started here, when the script ends.
make_scratch() {
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/tether.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

clean_up() {
  stop_service 2>/dev/null || true
  if [ -n "$scratch" ]; then rm -rf "$scratch"; fi
}

# build PRESET [TARGET…]: configures once, then builds with ninja; says nothing unless it fails.
build() {
  local preset=$1 folder=$root/build/$1 log
  shift
  log=$(mktemp)
  if ! { { [ -f "$folder/build.ninja" ] || (cd "$root" && cmake --preset "$preset"); } && ninja -C "$folder" "$@"; } \
      >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "the build of preset $preset failed"
  fi
  rm -f "$log"
}

# start_service [OPTION…]: tether-service on 127.0.0.1, on $service_port when that is set, else on a free port, which is
# then in $service_port. Its log goes to $scratch/service.log. Waits until it listens.
start_service() {
  local log=$scratch/service.log
  : >"$log"
  tether-service serve --listen "127.0.0.1:${service_port:-0}" --log json "$@" 2>"$log" >"$log.out" &
  service_pid=$!
  # No request is sent to find out: under TETHER_NOW every request would move the service's clock.
  local attempt
  for ((attempt = 0; attempt < 2000; attempt++)); do
    if grep -q '"serving"' "$log"; then
      service_port=$(grep -o '127\.0\.0\.1:[0-9]*' <(grep '"serving"' "$log") | head -n 1 | cut -d : -f 2)
      return 0
    fi
    kill -0 "$service_pid" 2>/dev/null || break
    sleep 0.01
  done
  cat "$log" "$log.out" >&2
  fail "tether-service did not start"
}

# stop_service [SIGNAL]
stop_service() {
  [ -n "$service_pid" ] || return 0
  kill -s "${1:-TERM}" "$service_pid" 2>/dev/null || true
  wait "$service_pid" 2>/dev/null || true
  service_pid=
}

# free_port: a port of 127.0.0.1 that nobody listens on.
free_port() {
  local port attempt
  for ((attempt = 0; attempt < 100; attempt++)); do
    port=$((20000 + SRANDOM % 12000))
    (: </dev/tcp/127.0.0.1/$port) 2>/dev/null || { echo "$port"; return 0; }
  done
  fail "found no free port on 127.0.0.1"
}
