# SPDX-License-Identifier: MIT
# Sourced by the scripts beside it: where things are, building, a scratch folder, a service on a port of its own, a Postgres.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=
service_pid=
service_port=
postgres_folder=
postgres_url=

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
  remove_postgres
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
# then in $service_port. Its log goes to $service_log, or $scratch/service.log. Waits until it listens.
start_service() {
  local log=${service_log:-$scratch/service.log}
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

# start_postgres [LINE OF postgresql.conf…]: a cluster of its own for this script, on a Unix socket, run by an unprivileged user
# and gone when the script ends. Commits wait for the disk, as in earnest. Its database is $postgres_url.
start_postgres() {
  postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/tether-postgres.XXXXXX")
  postgres_url="postgres://tether@/postgres?host=$postgres_folder"
  if [ "$(id -u)" -eq 0 ]; then chown nobody "$postgres_folder"; fi
  as_postgres initdb -D "$postgres_folder/data" -U tether -A trust -E UTF8 --locale=C.UTF-8 --no-instructions \
    >"$postgres_folder.log" 2>&1 || { cat "$postgres_folder.log" >&2; fail "initdb failed; scripts/install-deps --dev installs it"; }
  printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$postgres_folder'" 'max_connections = 200' "$@" \
    >>"$postgres_folder/data/postgresql.conf"
  resume_postgres
}

# as_postgres PROGRAM [OPTION…]: Debian keeps every version in a folder of its own; the newest one is taken. It refuses to run as root.
as_postgres() {
  local programs unprivileged=()
  programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  if [ "$(id -u)" -eq 0 ]; then unprivileged=(setpriv --reuid=nobody --regid=nogroup --clear-groups); fi
  (cd "$postgres_folder" && "${unprivileged[@]}" "$programs/$1" "${@:2}")
}

resume_postgres() {
  as_postgres pg_ctl -D "$postgres_folder/data" -l "$postgres_folder/log" -w -t 60 start >/dev/null ||
    { cat "$postgres_folder/log" >&2; fail "Postgres did not start"; }
}

# stop_postgres fast|immediate
stop_postgres() { as_postgres pg_ctl -D "$postgres_folder/data" -w -m "$1" stop >/dev/null; }

remove_postgres() {
  [ -n "$postgres_folder" ] || return 0
  stop_postgres immediate 2>/dev/null || true
  rm -rf "$postgres_folder" "$postgres_folder.log"
  postgres_folder=
}
