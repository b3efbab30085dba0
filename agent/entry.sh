#!/bin/sh
# Starts GitHub's runner in an instance's container. Values come from files, one line each, and never through a command
# line of a shell: nothing here is evaluated. Works with the sh of dash, bash and busybox.
set -u

input=/runner-pilot/input
mounted=/runner-pilot/runner
certificates=/runner-pilot/ca.pem
docker=/var/run/docker.sock

warn() { printf '[runner-pilot] WARN %s\n' "$1"; }
fail() {
  printf '[runner-pilot] ERROR %s: %s\n' "$1" "$2"
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# there PATTERN...: is there a file among what the patterns have become?
there() {
  for file in "$@"; do
    [ -e "$file" ] && return 0
  done
  return 1
}

# get NAME: the line of that parameter, in $value.
get() {
  value=''
  IFS= read -r value <"$input/$1" || [ -n "$value" ] || fail input_missing "The parameter $1 is not there. A container is started once, by the agent."
}

# GitHub's real runner is a program of .NET, which needs what images for other purposes may lack.
check_libraries() {
  # The stand-in's is a script.
  [ "$(head -c 2 "$1/bin/Runner.Listener" 2>/dev/null)" != '#!' ] || return 0
  there /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 /lib/ld-linux-armhf.so.3 ||
    fail library_missing "GitHub's runner needs glibc, which this image does not have. Use an image of Debian, Ubuntu or Fedora."
  for library in libstdc++.so.6 libssl.so; do
    there /lib/"$library"* /lib64/"$library"* /usr/lib/"$library"* /usr/lib64/"$library"* \
      /lib/*-linux-gnu*/"$library"* /usr/lib/*-linux-gnu*/"$library"* /usr/local/lib/"$library"* ||
      fail library_missing "GitHub's runner needs $library, which this image does not have. Install it in the image (Debian, Ubuntu: libstdc++6, libssl3; Fedora: libstdc++, openssl-libs)."
  done
}

# copy_runner SOURCE TARGET: a runner writes into its own folder, so it gets one; the larger part is only linked, unless
# Docker has to find it: jobs in containers have it mounted, as they have the runner's work. What has registered itself there is
# started again as it is.
copy_runner() {
  [ ! -e "$2/.runner" ] || return 0
  mkdir -p "$2" || return 1
  for file in "$1"/* "$1"/.[!.]*; do
    [ -e "$file" ] || continue
    if [ "${file##*/}" = externals ] && [ -z "$shared" ]; then
      ln -s "$file" "$2/externals" || return 1
    else
      cp -R "$file" "$2/" || return 1
    fi
  done
}

must_copy_runner() { copy_runner "$1" "$2" || fail copy_failed "The runner can not be copied to $2."; }

# enter FOLDER: becomes the runner that the image has there; where it shares a folder with Docker, a copy of it.
enter() {
  [ -n "$shared" ] || run "$1"
  has docker || warn_of_docker
  must_copy_runner "$1" "$shared"
  run "$shared"
}

warn_of_missing() {
  has git || warn 'There is no git in this image: actions/checkout downloads archives instead, without history.'
  has sudo || warn 'There is no sudo in this image: steps that use it fail.'
  has docker || warn_of_docker
}
warn_of_docker() { warn 'There is no docker in this image: container actions, services and jobs in containers fail.'; }

# A runner should not be root where that can be had: the image's own user is taken as it is.
become_runner() {
  chown -R 1001:1001 "$1" 2>/dev/null || return 1
  grep -q '^[^:]*:[^:]*:1001:' /etc/passwd 2>/dev/null ||
    printf 'runner:x:1001:1001::/home/runner:/bin/sh\n' >>/etc/passwd || return 1
  user=$(sed -n 's/^\([^:]*\):[^:]*:1001:.*/\1/p' /etc/passwd | head -n 1)
  export HOME=/home/runner
  chown 1001:1001 /home/runner 2>/dev/null
  # Whoever may use Docker: in the list of groups as well, for programs that read it to become somebody.
  group=$(stat -c %g "$docker" 2>/dev/null)
  [ -z "$group" ] || grep -q '^runner-pilot-docker:' /etc/group || printf 'runner-pilot-docker:x:%s:%s\n' "$group" "$user" >>/etc/group
  if setpriv --reuid=1001 --regid=1001 --clear-groups true 2>/dev/null; then
    if [ -n "$group" ]; then set -- "$1" "--groups=$group"; else set -- "$1" --clear-groups; fi
    exec setpriv --reuid=1001 --regid=1001 "$2" /bin/sh "$0" run "$1"
  elif chroot --userspec=1001:1001 / true 2>/dev/null; then
    # A chroot begins in its root; the runner's folder is told.
    exec chroot --userspec=1001:1001 ${group:+"--groups=$group"} / /bin/sh "$0" run "$1"
  elif su --help 2>&1 | grep -q BusyBox && su -m -s /bin/sh "$user" -c true 2>/dev/null; then
    # That of busybox becomes the command; others stay in between, and cut a job's grace short.
    exec su -m -s /bin/sh "$user" "$0" run "$1"
  fi
}

prepare_mounted() {
  check_libraries "$mounted"
  warn_of_missing
  if [ "$(id -u)" -eq 0 ]; then
    mkdir -p /home/runner
    home=${shared:-/home/runner/runner}
    must_copy_runner "$mounted" "$home"
    become_runner "$home"
    warn 'This image has nothing to become another user with: the runner is root.'
    run "$home"
  fi
  if [ -n "$shared" ]; then
    must_copy_runner "$mounted" "$shared"
    run "$shared"
  fi
  for folder in "${HOME:-/nowhere}" "${TMPDIR:-/tmp}" /var/tmp; do
    if [ ! -d "$folder" ] || [ ! -w "$folder" ]; then continue; fi
    copy_runner "$mounted" "$folder/actions-runner" && run "$folder/actions-runner"
  done
  fail copy_failed 'The user of this image can write neither to its home nor to /tmp.'
}

# run FOLDER: becomes the runner there.
run() {
  cd "$1" || fail runner_missing "The folder $1 can not be entered."
  if [ "$(id -u)" -eq 0 ]; then export RUNNER_ALLOW_RUNASROOT=1; fi
  # Signals reach the job, and the code by which an old version is refused gets out.
  export RUNNER_MANUALLY_TRAP_SIG=1 ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1
  if [ -e "$certificates" ]; then
    there /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem ||
      export SSL_CERT_FILE="$certificates"
    there /usr/lib/*-linux-gnu*/libicuuc.so* /usr/lib64/libicuuc.so* /usr/lib/libicuuc.so* ||
      export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
  fi

  get kind && kind=$value
  get url && url=$value
  get name && name=$value
  get ephemeral && ephemeral=$value
  get labels && labels=$value
  get boot && boot=$value
  get credential && credential=$value
  rm -f "$input/credential" 2>/dev/null || : >"$input/credential"
  [ ! -s "$input/credential" ] || fail input_kept 'The credential can not be deleted, so the runner is not started.'
  value=''

  if [ "$kind" = restart ]; then
    [ -e .runner ] || fail not_configured 'The node was restarted before the runner had registered itself.'
    # Whoever starts it: once per boot. A call to the engine may land late, after another has done the same.
    [ "$(cat .runner-pilot-boot 2>/dev/null)" != "$boot" ] || fail restarted_already 'The container has run since the node was restarted.'
  fi
  if [ "$ephemeral" != true ]; then
    printf '%s\n' "$boot" >.runner-pilot-boot || fail copy_failed 'The runner can not write into its own folder.'
  fi
  if [ "$kind" = restart ]; then exec ./run.sh; fi
  if [ "$kind" = jit ]; then
    export ACTIONS_RUNNER_INPUT_JITCONFIG="$credential"
    credential=''
    exec ./run.sh
  fi
  set -- --unattended --url "$url" --name "$name" --labels "$labels" --replace
  if [ "$ephemeral" = true ]; then set -- "$@" --ephemeral; fi
  # To this one process: what runs later, and every job, never has it.
  ACTIONS_RUNNER_INPUT_TOKEN="$credential" ./config.sh "$@" || fail_configuration $?
  credential=''
  exec ./run.sh
}

# config.sh has said why.
fail_configuration() {
  printf '[runner-pilot] The runner was not configured: config.sh ended with %s.\n' "$1"
  exit 1
}

if [ "${1:-}" = run ]; then run "$2"; fi
# What the runner shares with Docker, if the job has it.
shared=''
if [ -e "$input/shared" ]; then get shared && shared=$value/runner; fi
if [ -e "$mounted/run.sh" ]; then prepare_mounted; fi
for folder in /home/runner /actions-runner; do
  if [ -e "$folder/run.sh" ]; then enter "$folder"; fi
done
fail runner_missing "This image does not bring GitHub's runner at /home/runner or /actions-runner. Let the node mount it: runner_source auto or mount."
