# shellcheck shell=bash
# lib.bash - a private installation without a web server, for bats files:
#
#   load ../lib
#
# The receiver runs as plain CGI, a request a process.

# shellcheck source=tests/wait.bash
. "$(dirname "${BASH_SOURCE[0]}")/wait.bash"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BIN=${BIN-${BUILD-build/asan}}
case $BIN in /*) ;; *) BIN=$ROOT/$BIN ;; esac
export DATA=$ROOT/tests/data/providers
export NODE_PATH=${NODE_PATH-$(dirname "$BIN")/npm/node_modules}

# site - make an installation in the test's own directory and go there:
# sources sales and support, which sign with a secret and a key, quick and
# old, which sign as well, and open, which takes all.
site() {
  cd "$BATS_TEST_TMPDIR" || return
  mkdir providers
  echo correct-horse >secret
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
    -out private.pem 2>/dev/null
  openssl pkey -in private.pem -pubout -out public.pem
  chmod 600 secret private.pem
  cat >callbook.conf <<END
[callbook]
store = callbook.db
providers_dir = providers

[source sales]
provider = formantai
secret_file = secret

[source support]
provider = recho
auth = rsa
key_file = public.pem

[source quick]
provider = atoms
secret_file = secret

[source old]
provider = atoms-v1
secret_file = secret

[source open]
provider = formantai
auth = none
END
  export CALLBOOK_CONFIG=$PWD/callbook.conf
}

callbook() {
  "$BIN/callbook" "$@"
}

# cgi PATH [NAME=VALUE...] <BODY - one request; prints the whole answer.
cgi() {
  local path=$1 body
  shift
  body=$(mktemp "$BATS_TEST_TMPDIR/body.XXXXXX")
  cat >"$body"
  env -i PATH="$PATH" ASAN_OPTIONS="${ASAN_OPTIONS-}" \
    UBSAN_OPTIONS="${UBSAN_OPTIONS-}" CALLBOOK_CONFIG="$CALLBOOK_CONFIG" \
    GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST PATH_INFO="/$path" \
    CONTENT_TYPE=application/json CONTENT_LENGTH="$(wc -c <"$body")" "$@" \
    "$BIN/callbook.fcgi" <"$body"
  rm "$body"
}

# signed SOURCE FILE - one request as the platform would sign it; prints the
# whole answer.  The curl command that `callbook send` prints is run with
# cgi() in place of curl.
signed() (
  # shellcheck disable=SC2317 # by the eval below
  curl() {
    local headers=() file url name
    while [ $# -gt 0 ]; do
      case $1 in
      -H)
        name=${2%%:*}
        name=${name^^}
        name=${name//-/_}
        [ "$name" = CONTENT_TYPE ] || name=HTTP_$name
        headers+=("$name=${2#*: }")
        shift
        ;;
      --data-binary)
        file=${2#@}
        shift
        ;;
      http://*) url=$1 ;;
      esac
      shift
    done
    cgi "${url#http://localhost/}" "${headers[@]}" <"$file"
  }
  line=$(callbook send --print-curl --source "$1" --url http://localhost \
    --key private.pem "$2") || return
  eval "$line"
)

# formantai_secret FILE SECRET - a request of source sales signed with another
# secret than the configured one.
# shellcheck disable=SC2094
formantai_secret() {
  cgi sales "HTTP_X_FORMANTAI_SIGNATURE=sha256=$(
    openssl dgst -sha256 -hmac "$2" -r "$1" | cut -d ' ' -f 1
  )" <"$1"
}

# has TEXT - it is in the output of the last `run`, which is shown if not.
has() {
  local plain
  # What is marked as a name, or as English on any page, parts no sentence.
  # shellcheck disable=SC2154
  plain=$(sed 's|</\?bdi>||g; s|<span lang="en">\([^<]*\)</span>|\1|g
    s| lang="en"||g' <<<"$output")
  [[ $output == *"$1"* || $plain == *"$1"* ]] && return
  printf 'wanted: %s\ngot:\n%s\n' "$1" "$output"
  return 1
}

# has_not TEXT
has_not() {
  # shellcheck disable=SC2154
  [[ $output != *"$1"* ]] && return
  printf 'not wanted: %s\ngot:\n%s\n' "$1" "$output"
  return 1
}

# report PATH [NAME=VALUE...] - one request to the report, as somebody who has
# logged in; prints the whole answer.
report() {
  local path=$1
  shift
  env -i PATH="$PATH" ASAN_OPTIONS="${ASAN_OPTIONS-}" \
    UBSAN_OPTIONS="${UBSAN_OPTIONS-}" CALLBOOK_CONFIG="$CALLBOOK_CONFIG" \
    GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REMOTE_USER=owner \
    SCRIPT_NAME=/report.cgi PATH_INFO="/${path%%\?*}" \
    QUERY_STRING="$([[ $path != *\?* ]] || echo "${path#*\?}")" "$@" \
    "$BIN/report.cgi"
}

# rows - all that follows from the events, and what is left of those; a
# file has its own ask.
rows() {
  local table
  for table in call error call_alias day; do
    ask "SELECT '$table', * FROM $table ORDER BY 2, 3, 4, 5"
  done
  ask 'SELECT seq, hex(key), type, state, outcome, time, call, size FROM event'
}
