#!/usr/bin/env bats
# The languages of the report: every word is in the catalogues, and the
# catalogues are whole.

load ../lib

bats_require_minimum_version 1.5.0

setup_file() {
  DIR=$BATS_FILE_TMPDIR
  export DIR
  cat >"$DIR/callbook.conf" <<'END'
[callbook]
store = callbook.db
timezone = Europe/Berlin
[report]
access = public
phones = full
[source formant]
provider = formantai
auth = none
[source vapi]
provider = vapi
auth = none
[source retell]
provider = retell
auth = none
[login acme]
sources = vapi
language = es
END
  "$PLAIN/callbook" -c "$DIR/callbook.conf" demo --calls 1200 --days 60
  # What is no word of the pages.
  {
    # Our name, a parameter, one that is none, and the words of addresses.
    printf '%s\n' Callbook outcome stray open unknown failed no_answer busy \
      unreachable expired canceled exhausted rejected completed voicemail
    sqlite3 -readonly "$DIR/callbook.db" "
      SELECT name FROM source UNION SELECT provider FROM source
      UNION SELECT agent FROM call UNION SELECT agent_name FROM call
      UNION SELECT replace(name, '/', char(10)) FROM path
      UNION SELECT replace(replace(name, '/', char(10)), '_', ' ') FROM path
      UNION SELECT value FROM fact WHERE typeof(value) = 'text'"
  } >"$DIR/data"
}

setup() {
  cd "$DIR" || return
}

# answer LANGUAGES PATH [NAME=VALUE...] - what report.cgi answers, or the
# program of PROGRAM.
answer() {
  local languages=$1 path=$2
  shift 2
  env -i PATH="$PATH" CALLBOOK_CONFIG="$DIR/${CONF-callbook.conf}" \
    REQUEST_METHOD=GET SCRIPT_NAME=/r PATH_INFO="/${path%%\?*}" \
    QUERY_STRING="$(expr "$path" : '[^?]*?\(.*\)')" REQUEST_URI="/r/$path" \
    SERVER_PROTOCOL=HTTP/1.1 HTTP_ACCEPT_LANGUAGE="$languages" \
    REMOTE_USER=somebody "$@" \
    "${PROGRAM-$PLAIN/report.cgi}"
}

# has TEXT - it stands in the file `page`.
has() {
  grep -qF -e "$1" page || {
    echo "no such text: $1"
    return 1
  }
}

# A page in a language in which every text of the catalogues is in brackets.
@test "every word of the pages is in the catalogues" {
  local path found=0
  PROGRAM=$PLAIN/tests/pseudo/report.cgi
  for path in '' '?preset=all' calls 'calls?text=nothing-has-this' \
    'calls?outcome=nonsense' 'calls?hour=9&fact=results/intent:x&fact=a:1..2' \
    'calls?preset=90d&flag=late&direction=web&campaign=-&agent=-&stray=1' \
    callers compare 'compare?by=period' 'compare?by=direction' results \
    attention deliveries 'deliveries?preset=today' costs 'costs?preset=90d' \
    call/1 call/500 call/1000 check data nowhere 'export.csv?stray=1' \
    'fact?path=results/intent' 'fact?path=results/sentiment&by=hour' \
    'fact?path=parameters/amount_due'; do
    answer de "$path" | sed '1,/^\r*$/d' >page
    has '⟦'
    if ! "$BATS_TEST_DIRNAME/bracketed.pl" data <page >bare || [ -s bare ]; then
      echo "page /$path:" && sort -u bare
      found=1
    fi
  done
  [ "$found" = 0 ]
}

@test "no text is missing from a catalogue, doubtful, or left over" {
  local po words=$BATS_TEST_DIRNAME/../../src/report/words
  "$words/collect.sh" "$DIR/all.pot"
  for po in "$words"/*.po; do
    msgcmp "$po" all.pot 2>told
    # What no page says any more is only a warning.
    [ ! -s told ] || { cat told; return 1; }
    [ -z "$(msgattrib --only-fuzzy "$po")" ]
    msgfmt --check-format --check-domain -o /dev/null "$po"
    # The same markup, places and numbers as in the English text.
    msgfmt --no-hash -o all.mo "$po" && msgunfmt --no-wrap all.mo |
      "$BATS_TEST_DIRNAME/same_places.pl"
  done
}

@test "the language is what the visitor likes best, of those there are" {
  local want
  while read -r want languages; do
    answer "$languages" '' >page
    has "<html lang=\"$want\">"
  done <<'END'
en
de de
de de-AT,de;q=0.9,en;q=0.8
ja fr-FR, ja;q=0.8, en;q=0.5
hi en;q=0.2,hi;q=0.9,de;q=0
es ES
en fr,it;q=0.5
en den
END
}

@test "the configuration names a language, and a login another" {
  sed 's/^phones = full/&\nlanguage = ja/' callbook.conf >ja.conf
  CONF=ja.conf answer de '' >page
  has '<html lang="ja">'
  has '<h1>概要</h1>'
  CONF=ja.conf answer de '' REMOTE_USER=acme >page
  has '<html lang="es">'
  # Also where the address is not understood, and of files.
  CONF=ja.conf answer de 'calls?outcome=x' >page
  has '<html lang="ja">'
  "$PLAIN/callbook" -c ja.conf report --html "$DIR/files" >/dev/null
  cp files/index.html page
  has '<html lang="ja">'
  sed 's/= ja/= fr/' ja.conf >fr.conf
  run -1 "$PLAIN/callbook" -c fr.conf show 1
  [[ $output == *"fr.conf:"*"language"* ]]
}

@test "numbers, dates and weeks are written as the language does" {
  local total
  total=$(sqlite3 -readonly callbook.db 'SELECT count(*) FROM call')
  [ "$total" -ge 1000 ]
  answer en '?preset=all' >page && has ">${total%???},${total: -3}<"
  answer de '?preset=all' >page && has ">${total%???}.${total: -3}<"
  grep -qE '>[0-9]+\. [A-Z][a-zä]+\.? 20[0-9][0-9]</time>' page
  # Weeks begin on Sunday in Japan, on Monday in Spain.
  answer ja '?preset=all' >page
  grep -qE '>20[0-9][0-9]年[0-9]+月[0-9]+日</time>' page
  grep -oE '<text x="-8" y="17">[^<]*' page >first
  grep -q '日' first
  answer es '?preset=all' >page
  grep -oE '<text x="-8" y="17">[^<]*' page >first
  grep -q 'lun' first
}

@test "directions, states and who ended a call are told in the language" {
  local number
  number=$(sqlite3 -readonly callbook.db "SELECT min(number) FROM call
    WHERE ended_by = 'agent' AND state = 'analyzed'")
  answer de "call/$number" >page
  has '<dd>der Agent</dd>'
  has '>analysiert<'
  answer es 'calls?preset=all' >page
  has '>saliente<'
}

@test "exports and metrics stay English" {
  local path
  for path in 'export.csv?preset=all' 'export.ndjson?preset=all' metrics; do
    answer en "$path" >english
    answer ja "$path" >japanese
    cmp english japanese
  done
}
