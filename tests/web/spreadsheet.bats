#!/usr/bin/env bats
# The CSV and the file of Excel of the report as people open them: with
# LibreOffice, which is asked nothing and told nothing.

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

# fetch PATH FILE [NAME=VALUE...] - the body of an answer; the rest is in headers.
fetch() {
  local path=$1 file=$2
  shift 2
  report "$path" "$@" | node -e '
    const all = require("fs").readFileSync(0), at = all.indexOf("\r\n\r\n");
    require("fs").writeFileSync(process.argv[1], all.subarray(at + 4));
    console.log(all.subarray(0, at).toString())' "$file" >headers
  grep -q '^Status: 200' headers
}

@test "a file of Excel has what the CSV and the screen have, text as text" {
  site
  sed -i 's/^\[source sales\]/[report]\nphones = full\n\n&/' callbook.conf
  sed -i '/^store/a timezone = Asia/Kolkata' callbook.conf
  printf '\n[source vapi]\nprovider = vapi\nauth = none\n' >>callbook.conf
  call 0 690412e10 2/3 +4915112345678 0612345678
  call 1 1234567890123456789 =1+1 +12345 '+49 151 1234-5678'
  call 2 '@SUM(A1)' '-2+3' 00491511234567 15550100001
  call 3 '=HYPERLINK("http://x","y")' "$(printf '\t=1+1')" 1-2 MAR1
  call 4 _x0041_ 7 '＝1+1' '＠x'
  cgi vapi <"$DATA/vapi/end-of-call-report.json" | grep -q '^Status: 200'
  fetch 'export.xlsx?preset=all' calls.xlsx
  grep -q '^Content-Type: application/vnd.openxmlformats-officedocument' headers
  soffice "-env:UserInstallation=file://$PWD/profile" --headless \
    --convert-to fods calls.xlsx >/dev/null 2>&1
  run -0 cells <calls.fods
  has_not formula
  has '|string =1+1|'
  has '|string \t=1+1|'
  has '|string @SUM(A1)|'
  has '|string -2+3|'
  has '|string +4915112345678|string 0612345678|'
  has '|string _x0041_|'
  has '|string 1234567890123456789|'
  has '|date 2026-05-12 15:50:00|date 2026-05-12 10:20:00.000|'
  has '|time 0:02:00|'
  has 'string time zone|string Asia/Kolkata'
  fetch 'export.csv?preset=all' calls.csv
  run -0 node "$BATS_TEST_DIRNAME/spreadsheet.mjs" calls.csv calls.fods
  # calls, seconds, money
  read -r calls seconds cost <<<"$output"
  [ "$calls" = 6 ]
  report '?preset=all' >page
  tr -d '\n' <page | grep -q ">Calls</dt><dd class=\"value\">$calls</dd>"
  local nb=$'\xc2\xa0' # where no line ends, in the bytes of any locale
  printf -v length "%d${nb}min %02d${nb}s" $((seconds / 60)) $((seconds % 60))
  grep -qF ">Talk time</dt><dd class=\"value\">$length</dd>" page
  report call/6 | grep -qF "$cost${nb}USD"
  # What the command writes is the same.
  run -0 callbook report --xlsx made.xlsx --preset all
  has 'made.xlsx: 6 calls'
  [ "$(stat -c %a made.xlsx)" = 600 ]
  [ ! -e made.xlsx-part ]
  cmp <(unzip_sheet calls.xlsx) <(unzip_sheet made.xlsx)
  run -1 callbook report --xlsx nowhere/made.xlsx
  has 'nowhere/made.xlsx-part: No such file or directory'
}

# The XML of the sheet of calls.
unzip_sheet() {
  node -e '
    const all = require("fs").readFileSync(process.argv[1]);
    const at = all.indexOf("xl/worksheets/sheet1.xml",
      all.indexOf("PK\x01\x02")) - 46;
    const head = all.readUInt32LE(at + 42);
    const from = head + 30 + all.readUInt16LE(head + 26) +
      all.readUInt16LE(head + 28);
    process.stdout.write(require("zlib").inflateRawSync(
      all.subarray(from, from + all.readUInt32LE(at + 20))));' "$1"
}

@test "a file of Excel shows a login its own sources, and numbers masked" {
  site
  printf '\n[login owner]\nsources = sales\nphones = full\n' >>callbook.conf
  call 0 call-open agent-open +4915112345678 +4915112345679
  fetch 'export.xlsx?preset=all' own.xlsx
  fetch 'export.xlsx?preset=all' all.xlsx REMOTE_USER=other
  run -0 unzip_sheet own.xlsx
  has '<t>campaign</t>'
  has_not '>call-open<'
  has_not '<v>'
  run -0 unzip_sheet all.xlsx
  has '<t>call-open</t>'
  has '<t>••••5678</t>'
  has_not 15112345
  # And to nobody who has not logged in.
  run -0 report 'export.xlsx?preset=all' REMOTE_USER=
  has 'Status: 403'
  run -0 report 'export.xlsx?nothing=1'
  has 'Status: 400'
}
