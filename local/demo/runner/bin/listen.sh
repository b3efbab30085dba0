# Opens a session, waits for jobs, and has the worker run them.

stop() {
  stopping=1
  echo 'Exiting...'
  [ -z "$CALL" ] || kill "$CALL" 2>/dev/null
  [ -z "$WORKER" ] || kill -TERM "$WORKER" 2>/dev/null
}
WORKER=''
trap stop INT TERM

if [ -n "$jitconfig" ]; then
  unpack "$jitconfig" || { echo 'The input is not a valid Base-64 string.' >&2 && exit 1; }
  jitconfig=''
fi
if [ ! -f "$DIR/.runner" ]; then
  echo 'An error occurred: Not configured. Run config.(sh/cmd) to configure the runner.' >&2
  exit 2
fi

service=$(setting serverUrl .runner)
id=$(setting agentId .runner)
secret=$(setting d .credentials_rsaparams)
session=''

finish() {
  if [ -n "$session" ]; then
    stopping=0
    call "$service/session/delete" "id=$id" "secret=$secret" "session=$session"
  fi
  exit "$1"
}

# The real listener tries a conflicting session again each 30 s for 4 min; the service says otherwise for tests.
waited=0
while [ -z "$session" ]; do
  printf '\n√ Connected to GitHub\n\n'
  if call "$service/session" "id=$id" "secret=$secret" "version=$VERSION"; then
    case "$(verdict)" in
      ok) session=$(value session) ;;
      'error deleted')
        echo 'Failed to create a session. The runner registration has been deleted from the server, please re-configure. Runner registrations are automatically deleted for runners that have not connected to the service recently.' >&2
        exit 1
        ;;
      'error deprecated')
        echo "An error occured: Runner version v$VERSION is deprecated and cannot receive messages." >&2
        [ "$ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE" = 1 ] && exit 7
        exit 1
        ;;
      *)
        [ "$waited" -gt 0 ] || echo 'A session for this runner already exists.' >&2
        if [ "$waited" -ge "$(value give_up)" ]; then
          echo "Stop retry on SessionConflictException after retried for $(value give_up) seconds." >&2
          echo 'Failed to create session. Error: Conflict' >&2
          exit 5
        fi
        pause=$(value pause)
        [ "$waited" -gt 0 ] || echo "$(stamp): Runner connect error: Error: Conflict. Retrying until reconnected." >&2
        waited=$((waited + pause))
        "$BUSYBOX" sleep "$pause" &
        CALL=$!
        wait "$CALL"
        ;;
    esac
  else
    [ "$stopping" -eq 0 ] || exit 0
    echo "$(stamp): Runner connect error: The HTTP request timed out or failed. Retrying until reconnected." >&2
    "$BUSYBOX" sleep 2 &
    CALL=$!
    wait "$CALL"
  fi
  [ "$stopping" -eq 0 ] || finish 0
done

echo "Current runner version: '$VERSION'"
echo "$(stamp): Listening for Jobs"

# The worker runs beside an open call, by which the service sees that this runner is alive and can cancel the job.
run_job() {
  job=$(value job)
  title=$(value name)
  cp "$ANSWER" "$DIR/_diag/job.$$"
  echo "$(stamp): Running job: $title"
  "$DIR/bin/Runner.Worker" "$DIR/_diag/job.$$" "$service" "$id" "$(setting workFolder .runner)" <"$DIR/.credentials_rsaparams" &
  WORKER=$!
  [ "$stopping" -eq 0 ] || kill -TERM "$WORKER" 2>/dev/null
  while kill -0 "$WORKER" 2>/dev/null; do
    if call "$service/job/renew" "id=$id" "secret=$secret" "job=$job"; then
      [ "$(verdict)" != canceled ] || kill -TERM "$WORKER" 2>/dev/null
      [ "$(verdict)" = ok ] || break
    else
      [ "$stopping" -eq 0 ] || break
      "$BUSYBOX" sleep 1
    fi
  done
  code=0
  while [ -n "$WORKER" ]; do
    wait "$WORKER"
    code=$?
    kill -0 "$WORKER" 2>/dev/null || WORKER=''
  done
  case "$code" in
    0) result=Succeeded ;;
    102) result=Failed ;;
    *)
      result=Canceled
      # The worker may have been ended before it could say so itself.
      ending=$stopping stopping=0
      call "$service/job/complete" "id=$id" "secret=$secret" "job=$job" result=Canceled
      [ "$ending" -eq 0 ] || stopping=1
      ;;
  esac
  echo "$(stamp): Job $title completed with result: $result"
}

failing=0
while [ "$stopping" -eq 0 ]; do
  if call "$service/message" "id=$id" "secret=$secret" "session=$session"; then
    [ "$failing" -eq 0 ] || echo "$(stamp): Runner reconnected."
    failing=0
    case "$(verdict)" in
      job)
        run_job
        if [ "$(setting ephemeral .runner)" = True ]; then
          rm -f "$DIR/.runner" "$DIR/.credentials" "$DIR/.credentials_rsaparams"
          finish 0
        fi
        ;;
      ok) ;;
      *)
        echo 'The runner no longer exists on the server. Please reconfigure the runner.' >&2
        exit 1
        ;;
    esac
  elif [ "$stopping" -eq 0 ]; then
    [ "$failing" -gt 0 ] || echo "$(stamp): Runner connect error: The HTTP request timed out or failed. Retrying until reconnected." >&2
    failing=1
    "$BUSYBOX" sleep 2 &
    CALL=$!
    wait "$CALL"
    CALL=''
  fi
done
finish 0
