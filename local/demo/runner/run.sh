#!/bin/sh
# Keeps the listener alive, as the real run.sh does: only exit code 2 of the helper starts it again.
# Without RUNNER_MANUALLY_TRAP_SIG nothing is trapped, so as process 1 of a container it ignores SIGTERM.
DIR=$(cd -P "$(dirname "$0")" && pwd)
BUSYBOX="$DIR/externals/busybox/busybox"

run() {
  while :; do
    "$DIR/run-helper.sh" "$@"
    if [ $? -ne 2 ]; then
      echo 'Exiting runner...'
      exit 0
    fi
    echo 'Restarting runner...'
  done
}

stop() {
  signaled=1
  # Its whole process group, or it alone while it has none of its own yet.
  [ -z "$PID" ] || kill -TERM "-$PID" 2>/dev/null || kill -TERM "$PID" 2>/dev/null
}

run_with_manual_trap() {
  PID='' signaled=0
  trap stop INT TERM
  while :; do
    "$BUSYBOX" setsid "$DIR/run-helper.sh" "$@" &
    PID=$!
    [ "$signaled" -eq 0 ] || stop
    wait "$PID"
    code=$?
    # A signal ends the wait, not the child: its own code comes from waiting again.
    while [ "$signaled" -eq 1 ] && [ "$code" -gt 128 ]; do
      kill -0 "$PID" 2>/dev/null || signaled=2
      wait "$PID"
      code=$?
    done
    if [ "$code" -ne 2 ] || [ "$signaled" -gt 0 ]; then
      echo 'Exiting runner...'
      exit "$code"
    fi
    echo 'Restarting runner...'
  done
}

if [ -z "$RUNNER_MANUALLY_TRAP_SIG" ]; then
  run "$@"
else
  run_with_manual_trap "$@"
fi
