#!/usr/bin/env bats
# The CSV of the report as people open it: with LibreOffice, which is asked
# nothing and told nothing.

load ../lib

bats_require_minimum_version 1.5.0

# call NUMBER ID AGENT FROM TO - what a platform may send.
call() {
  jq -n --arg n "$1" --arg id "$2" --arg agent "$3" --arg from "$4" \
    --arg to "$5" '{event_id: "evt-\($n)", event_type: "call.completed",
    timestamp: "2026-05-12T10:2\($n):00Z", data: {call: {
    conversation_id: $id, agent_id: $agent, status: "completed",
    from_phone: $from, to_phone: $to, started_at: "2026-05-12T10:2\($n):00Z",
    ended_at: "2026-05-12T10:26:00.000Z", duration_seconds: 120}}}' |
    cgi open | grep -q '"result":"stored"'
}

# The cells of the sheet a row a line: type, formula or not, and text, with a
# tab shown as \t.
# shellcheck disable=SC2016
cells() {
  node -e '
    const xml = require("fs").readFileSync(0, "utf8");
    for (const [row] of xml.matchAll(/<table:table-row[^]*?<\/table:table-row>/g)) {
      const cells = [];
      for (const [, head, , body = ""] of row.matchAll(
        /<table:table-cell\b([^>]*?)(\/>|>([^]*?)<\/table:table-cell>)/g)) {
        const type = /office:value-type="(\w+)/.exec(head)?.[1] ?? "none";
        const text = body.replace(/<text:tab\/>/g, "\\t")
          .replace(/<text:line-break\/>/g, "\\n")
          .replace(/<[^>]*>/g, "").trim()
          .replaceAll("&apos;", "\x27").replaceAll("&lt;", "<")
          .replaceAll("&amp;", "&");
        cells.push(`${type}${/table:formula/.test(head) ? " formula" : ""} ${text}`);
      }
      console.log(cells.join("|"));
    }'
}

@test "opened by LibreOffice, numbers and ids stay, and nothing is a formula" {
  site
  sed -i 's/^\[source sales\]/[report]\nphones = full\n\n&/' callbook.conf
  call 0 690412e10 2/3 +4915112345678 0612345678
  call 1 1234567890123456789 =1+1 +12345 '+49 151 1234-5678'
  call 2 '@SUM(A1)' '-2+3' 00491511234567 15550100001
  call 3 '=HYPERLINK("http://x","y")' "$(printf '\t=1+1')" 1-2 MAR1
  call 4 plain 7 '＝1+1' '＠x'
  run -0 report 'export.csv?preset=all'
  has 'Content-Type: text/csv'
  sed '1,/^\r*$/d' <<<"$output" >calls.csv
  [ "$(head -c 3 calls.csv)" = $'\xef\xbb\xbf' ]
  soffice "-env:UserInstallation=file://$PWD/profile" --headless \
    --convert-to fods calls.csv >/dev/null 2>&1
  run -0 cells <calls.fods
  has_not formula
  for text in 690412e10 2/3 +4915112345678 0612345678 1234567890123456789 \
    +12345 '+49 151 1234-5678' '-2+3' 00491511234567 1-2 MAR1; do
    has "|string \\t$text|"
  done
  has "|string '=1+1|"
  has "|string '@SUM(A1)|"
  has "|string '=HYPERLINK("
  has "|string '\\t=1+1|"
  has '|float 15550100001|'
  has '|float 7|'
  has '|string plain|'
  has '|float 120|'
  # With the option that it has for such files, too.
  soffice "-env:UserInstallation=file://$PWD/profile" --headless \
    --infilter='CSV:44,34,76,1,,0,true,true' --convert-to fods calls.csv \
    >/dev/null 2>&1
  run -0 cells <calls.fods
  has_not formula
  has '|string \t+4915112345678|'
  has "|string '＝1+1|"
}
