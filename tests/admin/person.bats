#!/usr/bin/env bats
# callbook report --person: all that is stored of one person, to hand over.
#
# Bats sets output and lines; each test is a subshell of its own.
# shellcheck disable=SC2030,SC2031,SC2154

bats_require_minimum_version 1.5.0
load ../lib

EVENT=$DATA/formantai/call.completed.json
NUMBER=+4930555010077

setup() {
  site
}

# post NAME FROM TO [FILTER] - a call of that name, of which the body is kept.
post() {
  jq -c ".event_id = \"e-$1\" | .data.call.conversation_id = \"conv-$1\"
    | .data.call.from_phone = \"$2\" | .data.call.to_phone = \"$3\"
    | ${4-.}" "$EVENT" >"$1.json"
  cgi open <"$1.json" | grep -q '"result":"stored"'
}

@test "all of a person's calls are written, whole, and nothing of others" {
  post to +15550100 "$NUMBER"
  post from '0049 (30) 555-010077' +15550100
  post other +15550100 +15550199 ".data.call.note = \"ask $NUMBER\""
  sed -i 's/^\[source sales\]/[report]\nphones = masked\nfacts_hidden = parameters\/*\n\n&/' \
    callbook.conf
  run -0 callbook report --person 4930555010077 out
  has 'out/index.html: 7 files, 2 calls'
  [ "$(stat -c %a out)" = 700 ]
  [ "$(stat -c %a out/* | sort -u)" = 600 ]
  # As the platform sent it, and as Callbook has it, whole.
  for name in to from; do
    seq=$(sqlite3 callbook.db "SELECT seq FROM event WHERE id = 'e-$name'")
    cmp "$name.json" "out/event-$seq.txt"
  done
  [ "$(jq -r .record.to out/call-1.json)" = "$NUMBER" ]
  [ "$(jq '.facts | length' out/call-1.json)" -gt 0 ]
  grep -qF -- "$NUMBER" out/index.html
  run ! grep -q 'hidden here\|••••' out/*.html
  # Nothing of the call that only names them.
  run ! grep -qF 15550199 out/*
  # Each link leads to a file.
  grep -oh 'href="[^":#]*"' out/*.html | sort -u | sed 's/href="//; s/"//' >links
  [ "$(wc -l <links)" -ge 5 ]
  (cd out && xargs ls >/dev/null) <links
  grep -q 'href="event-[0-9]*.txt"' out/call-1.html
}

@test "what is not a number, has no call or is mixed with filters is refused" {
  post to +15550100 "$NUMBER"
  run -2 callbook report --person 12345 out
  run -2 callbook report --person "$NUMBER"
  run -2 callbook report --person "$NUMBER" --source open out
  run -2 callbook report --person "$NUMBER" --html out
  run -1 callbook report --person +15559999999 out
  has 'no call is from or to it'
  [ ! -e out ]
  mkdir out && touch out/x
  run -1 callbook report --person "$NUMBER" out
  has 'is not empty'
  [ "$(ls out)" = x ]
}

@test "a body that is not kept any more is no file, and its page says so" {
  post to +15550100 "$NUMBER"
  sqlite3 callbook.db "UPDATE event SET body = x'', size = -1, headers = NULL"
  run -0 callbook report --person "$NUMBER" out
  has '3 files, 1 calls'
  grep -q 'body is not kept any more' out/call-1.html
}
