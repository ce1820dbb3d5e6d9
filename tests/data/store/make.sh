#!/usr/bin/env bash
# make.sh - make vN.db.gz of the schema that the programs in BIN have.
#
# Only until that schema is released: what is released is never made again.
# tests/admin/upgrade.bats says what has to be in it.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
BATS_TEST_TMPDIR=$(mktemp -d)
trap 'rm -rf "$BATS_TEST_TMPDIR"' EXIT
# shellcheck source=tests/lib.bash disable=SC1091
. "$here/../../lib.bash"

site
callbook demo --calls 25 --days 5 >/dev/null
callbook rebuild >/dev/null

cd "$BATS_TEST_TMPDIR"
first=$DATA/formantai/call.completed.json
echo '{"no": "type"}' >odd.json
jq -c '.data.call.duration_seconds = 1' "$first" >variant.json
{
  signed sales odd.json
  formantai_secret "$first" wrong
  signed sales "$first"
  signed support "$DATA/recho/INBOUND_CALL_CALLING.json"
  signed support "$DATA/recho/INBOUND_CALL_COMPLETED.json"
  signed sales "$first"
  signed sales variant.json
} | grep -a '"result"\|"title"' >&2

sqlite3 callbook.db 'PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE' >/dev/null
version=$(sqlite3 callbook.db 'PRAGMA user_version')
gzip -9n <callbook.db >"$here/v$version.db.gz"
