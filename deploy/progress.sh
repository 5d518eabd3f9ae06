# shellcheck shell=bash
# Sourced: long steps that say that they live. Their output is in build/logs/NAME.log.

readonly heartbeat_s=30
progress_logs=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/logs
readonly progress_logs

say() { printf '== %4d s  %s\n' "$SECONDS" "$*"; }

# Runs a long command with its output in a log; shows that it lives, and the log's end if it fails.
quietly() {
  local name=$1 log=$progress_logs/$1.log waited=0 child
  shift
  mkdir -p "$progress_logs"
  say "$name (log: build/logs/$name.log)"
  "$@" > "$log" 2>&1 < /dev/null &
  child=$!
  while kill -0 "$child" 2> /dev/null; do
    sleep 1
    waited=$((waited + 1))
    if ((waited % heartbeat_s == 0)); then say "$name: $(tail -n 1 "$log" | cut -c 1-120)"; fi
  done
  wait "$child" && return
  echo "$name failed; the end of $log:" >&2
  tail -n 80 "$log" >&2
  exit 1
}
