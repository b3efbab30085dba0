# Registers the runner (configure), or takes the registration back (remove).

# registration URL OF THE API: GitHub Enterprise Server keeps its API under /api/v3, and so does the stand-in.
host=${url#*://}
api="${url%%://*}://${host%%/*}/api/v3"

refused() {
  echo "Http response code: NotFound from 'POST $api/actions/runner-registration' (Request Id: $(value request_id))" >&2
  echo '{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}' >&2
  echo 'Response status code does not indicate success: 404 (Not Found).' >&2
  exit 1
}

unreachable() {
  echo "Connection refused ($api/actions/runner-registration)" >&2
  exit 1
}

if [ "$command" = remove ]; then
  if [ -z "$remove_local" ]; then
    [ -f "$DIR/.runner" ] || { echo 'Cannot connect to server, because config files are missing. Skipping removing runner from the server.' && exit 0; }
    url=$(setting gitHubUrl .runner) host=${url#*://}
    api="${url%%://*}://${host%%/*}/api/v3"
    call "$api/actions/runner-registration" event=remove "url=$url" "token=$token" "id=$(setting agentId .runner)" || unreachable
    [ "$(verdict)" = ok ] || refused
    echo '√ Runner removed successfully'
  fi
  rm -f "$DIR/.runner" "$DIR/.credentials" "$DIR/.credentials_rsaparams"
  echo '√ Removed .credentials'
  echo '√ Removed .runner'
  exit 0
fi

if [ -f "$DIR/.runner" ]; then
  echo "Cannot configure the runner because it is already configured. To reconfigure the runner, run 'config.cmd remove' or './config.sh remove' first." >&2
  exit 1
fi
for input in url token; do
  eval "given=\$$input"
  if [ -z "$given" ]; then
    echo "Invalid configuration provided for $input. Terminating unattended configuration." >&2
    exit 1
  fi
done

printf '\n%s\n|%s|\n%s\n\n# Authentication\n\n\n' \
  '--------------------------------------------------------------------------------' \
  '                       Self-hosted runner registration                        ' \
  '--------------------------------------------------------------------------------'

call "$api/actions/runner-registration" event=register "url=$url" "token=$token" "version=$VERSION" \
  "name=${name:-$("$BUSYBOX" hostname)}" "labels=$labels" "work=${work:-_work}" "ephemeral=${ephemeral:-false}" \
  "replace=${replace:-false}" "no_default_labels=${no_default_labels:-false}" "arch=$("$BUSYBOX" uname -m)" || unreachable
token=''
case "$(verdict)" in
  ok) ;;
  'error conflict')
    printf '√ Connected to GitHub\n\n# Runner Registration\n\n'
    echo "A runner exists with the same name ${name}." >&2
    exit 1
    ;;
  'error deprecated')
    echo "An error occured: Runner version v$VERSION is deprecated and cannot receive messages." >&2
    exit 1
    ;;
  *) refused ;;
esac
unpack "$(value config)" || { echo 'The registration could not be read.' >&2 && exit 1; }
printf '√ Connected to GitHub\n\n# Runner Registration\n\n\n\n√ Runner successfully added\n√ Runner connection is good\n\n# Runner settings\n\n\n√ Settings Saved.\n\n'
exit 0
