# What configure and run share: the stand-in's runner service, and the settings that a registration leaves behind.
# The service answers lines of key=value, the first of which is `ok` or `error CODE`.

BUSYBOX="$DIR/externals/busybox/busybox"
VERSION=$(cat "$DIR/bin/runner.version")
CALL='' stopping=0

# call URL KEY=VALUE...: posts the pairs, one a line, and leaves the answer in $ANSWER. They go through a pipe, so no
# secret is ever in an argument list; in the background, so a signal is answered at once.
call() {
  url=$1
  shift
  [ "$stopping" -eq 0 ] || return 1
  printf '%s\n' "$@" | "$BUSYBOX" timeout 75 "$BUSYBOX" wget -q -O "$ANSWER" --post-file - "$url" 2>/dev/null &
  CALL=$!
  # A signal that came before there was anything to end.
  [ "$stopping" -eq 0 ] || kill "$CALL" 2>/dev/null
  wait "$CALL"
  status=$?
  CALL=''
  return "$status"
}

# value KEY: that key's value in the last answer.
value() { "$BUSYBOX" sed -n "s/^$1=//p" "$ANSWER"; }

# verdict: the last answer's first line.
verdict() { "$BUSYBOX" head -n 1 "$ANSWER"; }

# setting NAME FILE: a member of one of the registration's JSON files.
setting() { "$BUSYBOX" sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$DIR/$2"; }

# unpack CONFIG: writes the three files that an encoded JIT config holds.
unpack() {
  config=$(printf '%s' "$1" | "$BUSYBOX" base64 -d 2>/dev/null) || return 1
  for file in .runner .credentials .credentials_rsaparams; do
    content=$(printf '%s' "$config" | "$BUSYBOX" sed -n "s/.*\"$file\":\"\([^\"]*\)\".*/\1/p")
    [ -n "$content" ] || return 1
    (umask 077 && printf '%s' "$content" | "$BUSYBOX" base64 -d >"$DIR/$file") || return 1
  done
}

stamp() { "$BUSYBOX" date -u '+%Y-%m-%d %H:%M:%SZ'; }
