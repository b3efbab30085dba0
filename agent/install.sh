#!/bin/sh
# Makes this machine a node of Runner Pilot: installs the agent and starts it at every boot. Can be run again: then it
# brings the newest agent, and with --code also a new enrollment. Without systemd, or with --foreground, what starts things
# at boot is told to run one script, which --foreground also runs at once. The agent updates itself but for --no-update.
set -eu

sha256=''
usage='install.sh --url URL --code CODE [--bell register|none] [--proxy URL] [--ca-file FILE] [--allow-http] [--no-update] [--foreground] | --uninstall'
url='' code='' bell=none proxy='' ca='' allow_http='' update=on foreground='' uninstall=''

say() { printf '%s\n' "$*"; }
fail() { say "install.sh: $*" >&2 && exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
# within SECONDS COMMAND...: does it succeed by then?
within() {
  left=$1 && shift
  until "$@" >/dev/null 2>&1; do
    [ "$left" -gt 0 ] || return 1
    left=$((left - 1)) && sleep 1
  done
}

while [ $# -gt 0 ]; do
  case "$1" in
    --url | --code | --bell | --proxy | --ca-file)
      [ $# -ge 2 ] || fail "$1 needs a value. Usage: $usage"
      case "$1" in --url) url=${2%/} ;; --code) code=$2 ;; --bell) bell=$2 ;; --proxy) proxy=$2 ;; *) ca=$2 ;; esac
      shift 2
      ;;
    --allow-http) allow_http=1 && shift ;;
    --no-update) update=off && shift ;;
    --foreground) foreground=1 && shift ;;
    --uninstall) uninstall=1 && shift ;;
    -h | --help) say "Usage: $usage" && exit 0 ;;
    *) fail "There is no option $1. Usage: $usage" ;;
  esac
done

# What is written into a unit or its environment has no blank, quote, dollar or line break in it.
for value in "$url" "$code" "$proxy" "$ca"; do
  case "$value" in *[!A-Za-z0-9:/._~@%+=,\[\]-]*) fail "\"$value\" has a character in it that can't be right." ;; esac
done

# Root installs for the machine; a user who may use Docker, for itself.
if [ "$(id -u)" -eq 0 ]; then
  program=/usr/local/lib/runner-pilot state=/var/lib/runner-pilot config=/etc/runner-pilot run=/run/runner-pilot
  units=/etc/systemd/system wanted_by=multi-user.target container=runner-pilot-agent journal=-u
  unit_command() { systemctl "$@"; }
else
  : "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
  export XDG_RUNTIME_DIR
  program=$HOME/.local/lib/runner-pilot state=$HOME/.local/state/runner-pilot config=$HOME/.config/runner-pilot
  run=$XDG_RUNTIME_DIR/runner-pilot units=$HOME/.config/systemd/user wanted_by=default.target
  container=runner-pilot-agent-$(id -u) journal=--user-unit
  unit_command() { systemctl --user "$@"; }
fi
unit=runner-pilot-agent.service systemd=''
# sd_booted(3)
if [ -d /run/systemd/system ] && has systemctl && [ -z "$foreground" ]; then systemd=1; fi
environment=$config/agent.env
# The engine that was meant when this was run before.
: "${DOCKER_HOST:=$(sed -n 's/^DOCKER_HOST=//p' "$environment" 2>/dev/null || true)}"
export DOCKER_HOST="${DOCKER_HOST:-unix:///var/run/docker.sock}"
case "$DOCKER_HOST" in unix://*) socket=${DOCKER_HOST#unix://} ;; *) fail "DOCKER_HOST is $DOCKER_HOST; a socket of this machine (unix://…) is needed." ;; esac

# agent ARGUMENT...: the program, by this machine's Node or in a container of Node's image.
node=$(command -v node || true)
least=22
[ -z "$proxy" ] || least=24
if [ -n "$node" ]; then
  major=$("$node" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$major" -ge "$least" ] || node=''
fi
in_container() {
  # As on the machine itself, so neither SELinux nor a remapped root comes in between.
  printf 'docker run --network host --userns host --security-opt label=disable --user %s:%s --group-add %s -v %s:%s -v %s:%s -v %s:%s -v %s:%s:ro -v %s:%s --env-file %s' \
    "$(id -u)" "$(id -g)" "$(stat -c %g "$socket")" "$run" "$run" "$state" "$state" "$program" "$program" \
    "$config" "$config" "$socket" "$socket" "$environment"
}
agent_command() {
  if [ -n "$node" ]; then
    printf '%s --max-semi-space-size=1 --max-old-space-size=64 %s/agent.mjs' "$node" "$program"
  else
    printf '%s %s node:24-slim node --max-semi-space-size=1 --max-old-space-size=64 %s/agent.mjs' "$(in_container)" "$1" "$program"
  fi
}
agent() {
  # shellcheck disable=SC1090,SC2046 # The command is words of ours, without blanks of their own.
  (set -a && . "$environment" && exec $(agent_command '--rm -i') "$@")
}

# Whoever has the lock of the state is the agent that runs; where no unit is, it has said which process it is. One in a
# container outlives the command that has started it, if that is killed.
end_agent() {
  if [ ! -e "$run/agent.pid" ] || flock -n "$state/agent.lock" true; then return; fi
  docker stop "$container" >/dev/null 2>&1 || kill "$(cat "$run/agent.pid")" 2>/dev/null || true
  flock -w 30 "$state/agent.lock" true || fail 'The agent that runs does not end, or is started again. End it, and try again.'
}

remove_container() { docker rm -f "$container" >/dev/null 2>&1 || true; }

if [ -n "$uninstall" ]; then
  if [ -z "$(ls -d "$program" "$state" "$config" "$units/$unit" 2>/dev/null)" ]; then
    say "Nothing has been installed by user $(id -u): whoever has installed Runner Pilot here has to remove it." && exit 0
  fi
  [ -z "$systemd" ] || unit_command disable --now "$unit" 2>/dev/null || true
  end_agent
  if [ -e "$environment" ] && [ -e "$program/agent.mjs" ]; then
    agent clear || fail 'The containers of this node were not removed. Is Docker running? Try again then.'
  fi
  rm -f "$units/$unit"
  [ -z "$systemd" ] || unit_command daemon-reload 2>/dev/null || true
  remove_container
  # The folder for running of a user who does not linger any more goes by itself, at any moment from then on.
  rm -rf "$run"
  [ ! -e "$config/lingers" ] || loginctl disable-linger "$(id -un)" || true
  rm -rf "$program" "$state" "$config"
  say 'Runner Pilot is gone from this machine. Delete the node in Runner Pilot as well.'
  exit 0
fi

case "$url" in
  https://*) ;;
  http://localhost | http://localhost:* | http://127.0.0.1 | http://127.0.0.1:* | http://\[::1\]*) ;;
  http://*) [ -n "$allow_http" ] || fail "$url is not https: whoever listens could take over this node. --allow-http allows it." ;;
  *) fail "--url has to be the control plane's, such as https://runners.example.com. Usage: $usage" ;;
esac
case "$bell" in register | none) ;; *) fail '--bell is register or none.' ;; esac
[ -n "$code" ] || [ -e "$state/agent.json" ] || fail "--code is needed: it is shown when a node is created. Usage: $usage"
for tool in curl sha256sum flock tar; do
  has "$tool" || fail "The program $tool is needed. Install it, and run this again."
done
if [ -n "$proxy" ]; then export https_proxy="$proxy" http_proxy="$proxy"; fi
[ -z "$ca" ] || [ -r "$ca" ] || fail "$ca can't be read."

info=$(curl -fsS --max-time 10 --noproxy '*' --unix-socket "$socket" http://docker/info 2>/dev/null) ||
  fail "No Docker engine answers at $socket. Install and start Docker (https://docs.docker.com/engine/install), and let this user use it."
case "$info" in
  *'"LiveRestoreEnabled":true'*) ;;
  *) say "Note: Docker's live-restore is off, so jobs end when Docker is restarted. Switch it on: https://docs.docker.com/engine/daemon/live-restore" ;;
esac
if [ -z "$node" ]; then
  has docker || fail "Node $least or newer is needed, or the docker command to run it in a container."
  say "There is no Node $least here: the agent runs in a container of Node's own image."
fi

umask 077 && mkdir -p "$program" "$state" "$config"
# A user's systemd runs while that user is logged in; at boot, and afterwards, where it lingers.
if [ -n "$systemd" ] && [ "$(id -u)" -ne 0 ]; then
  user=$(id -un)
  if [ ! -e "/var/lib/systemd/linger/$user" ]; then
    : >"$config/lingers"
    loginctl enable-linger "$user" || { rm "$config/lingers" && say "Note: the agent ends when $user logs out. As root: loginctl enable-linger $user"; }
  fi
  within 10 unit_command show-environment ||
    fail "The systemd of $user does not run. Log in as $user (by ssh, say: su is not enough), or, as root: loginctl enable-linger $user"
fi
mkdir -p "$run"
new=$program/agent.mjs.new
[ -z "$ca" ] || [ "$ca" = "$config/ca.pem" ] || cp "$ca" "$config/ca.pem"
[ ! -e "$config/ca.pem" ] || ca=$config/ca.pem
curl -fsSL ${ca:+--cacert "$ca"} -o "$new" "$url/agent/agent.mjs" || fail "The agent can't be had from $url."
[ -n "$sha256" ] || fail 'This installer was not built: get it from the control plane.'
printf '%s  %s\n' "$sha256" "$new" | sha256sum -c >/dev/null 2>&1 ||
  fail "The agent from $url is not the one that this installer is for. Get the installer again."
mv "$new" "$program/agent.mjs"

ring=$(sed -n 's/^RUNNER_PILOT_MANAGED_INSTANCE_ID=//p' "$environment" 2>/dev/null || true)
set_by_hand=$(grep -E '^RUNNER_PILOT_(NETWORK|LOG|IMAGES|DIND)_' "$environment" 2>/dev/null || true)
write_environment() {
  {
    printf 'RUNNER_PILOT_URL=%s\nRUNNER_PILOT_AGENT_STATE=%s\nRUNNER_PILOT_AGENT_RUN=%s\n' "$url" "$state" "$run"
    printf 'DOCKER_HOST=unix://%s\nRUNNER_PILOT_AGENT_UPDATE=%s\n%s\n' "$socket" "$update" "$set_by_hand"
    [ ! -e "$config/ca.pem" ] || printf 'NODE_EXTRA_CA_CERTS=%s/ca.pem\n' "$config"
    [ -z "$proxy" ] || printf 'NODE_USE_ENV_PROXY=1\nHTTPS_PROXY=%s\nHTTP_PROXY=%s\nNO_PROXY=localhost,127.0.0.1\n' "$proxy" "$proxy"
    [ -z "$ring" ] || printf 'RUNNER_PILOT_MANAGED_INSTANCE_ID=%s\n' "$ring"
  } >"$environment"
}
write_environment

# A machine that SSM knows already is left alone, and has no bell.
registration=/var/lib/amazon/ssm/registration
[ ! -e "$registration" ] || [ "$bell" = none ] || { say 'This machine is registered with SSM already: it syncs by itself, without a bell.' && bell=none; }
if [ -n "$code" ]; then
  enrolled=$(agent enroll --url "$url" --code "$code" --bell "$bell") || fail 'This machine was not enrolled.'
  activation=$(printf '%s' "$enrolled" | sed -n 's/.*"activation":{"id":"\([^"]*\)","code":"\([^"]*\)","region":"\([^"]*\)"}.*/\1 \2 \3/p')
  if [ -n "$activation" ]; then
    [ "$(id -u)" -eq 0 ] || fail 'Only root can register a machine with SSM.'
    # shellcheck disable=SC2086 # Three words.
    set -- $activation
    architecture=$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')
    curl -fsSL -o "$run/ssm-setup-cli" "https://amazon-ssm-$3.s3.$3.amazonaws.com/latest/linux_$architecture/ssm-setup-cli"
    chmod 700 "$run/ssm-setup-cli"
    "$run/ssm-setup-cli" -register -activation-id "$1" -activation-code "$2" -region "$3" || fail 'SSM did not take this machine.'
    rm -f "$run/ssm-setup-cli"
    ring=$(sed -n 's/.*"ManagedInstanceID":"\([^"]*\)".*/\1/p' "$registration")
    write_environment
  fi
fi

# One script starts the agent, whatever runs it: a unit, another init, or somebody by hand.
{
  printf 'set -eu\numask 077\nmkdir -p -m 0700 %s\n' "$run"
  # The process stays the same: it becomes the agent.
  printf 'echo $$ >%s/agent.pid\nset -a\n. %s\nset +a\n' "$run" "$environment"
  [ -n "$node" ] || printf 'docker rm -f %s >/dev/null 2>&1 || true\n' "$container"
  printf 'exec %s\n' "$(agent_command "--name $container --log-driver local")"
} >"$program/start"

if [ -z "$systemd" ]; then
  end_agent
  remove_container
  [ -z "$foreground" ] || exec sh "$program/start"
  say "This machine is a node. There is no systemd here: have this run now, at every boot, and again when it ends: sh $program/start"
  exit 0
fi
mkdir -p "$units"
{
  printf '[Unit]\nDescription=Runner Pilot agent\nAfter=network-online.target docker.service\nWants=network-online.target\n'
  # By sh: where SELinux is enforced, a unit may not execute what lies in a folder of libraries.
  printf 'StartLimitIntervalSec=0\n\n[Service]\nExecStart=/bin/sh %s/start\nRestart=always\nRestartSec=2\n' "$program"
  # Runners are the engine's, not the unit's: the agent comes and goes, and they stay.
  printf 'KillMode=process\nUMask=0077\nSyslogIdentifier=runner-pilot-agent\n\n[Install]\nWantedBy=%s\n' "$wanted_by"
} >"$units/$unit"
unit_command daemon-reload
unit_command enable --quiet "$unit"
unit_command restart "$unit"
[ -z "$node" ] || remove_container
within 60 curl -fsS --noproxy '*' --unix-socket "$run/agent.sock" http://agent/status ||
  fail "The agent does not start. Why: journalctl $journal $unit (Whoever has come to Docker's group has to log out everywhere first.)"
say "This machine is a node now. What its agent does: journalctl $journal $unit"
