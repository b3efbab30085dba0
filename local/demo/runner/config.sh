#!/bin/sh
# Registers a runner, as the real config.sh does: the arguments, or ACTIONS_RUNNER_INPUT_<NAME> in the environment.
DIR=$(cd -P "$(dirname "$0")" && pwd)

if [ "$(id -u)" -eq 0 ] && [ -z "$RUNNER_ALLOW_RUNASROOT" ]; then
  echo 'Must not run with sudo'
  exit 1
fi

if [ "$1" = remove ]; then
  shift
  exec "$DIR/bin/Runner.Listener" remove "$@"
fi
exec "$DIR/bin/Runner.Listener" configure "$@"
