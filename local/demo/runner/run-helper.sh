#!/bin/sh
# Runs the listener once, and maps its exit code: 1, 5 and unknown ones become 0, and 2, 3 and 4 become 2.
DIR=$(cd -P "$(dirname "$0")" && pwd)

if [ "$(id -u)" -eq 0 ] && [ -z "$RUNNER_ALLOW_RUNASROOT" ]; then
  echo 'Must not run interactively with sudo'
  exit 1
fi

# The listener gets the signal too, and says how it ended.
trap : INT TERM

"$DIR/bin/Runner.Listener" run "$@"
code=$?
case "$code" in
  0)
    echo 'Runner listener exit with 0 return code, stop the service, no retry needed.'
    exit 0
    ;;
  1)
    echo 'Runner listener exit with terminated error, stop the service, no retry needed.'
    exit 0
    ;;
  2)
    echo 'Runner listener exit with retryable error, re-launch runner in 5 seconds.'
    "$DIR/externals/busybox/busybox" sleep 5
    exit 2
    ;;
  5)
    echo 'Runner listener exit with Session Conflict error, stop the service, no retry needed.'
    exit 0
    ;;
  7)
    if [ "$ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE" = 1 ]; then
      echo 'Runner listener exit with deprecated version exit code: 7.'
      exit 7
    fi
    ;;
esac
echo "Exiting with unknown error code: $code"
exit 0
