#!/usr/bin/env bats
# Many senders at once, against programs as they are shipped.

load server
load postgres

setup() {
  DIR=$BATS_TEST_TMPDIR
  installation "$DIR"
  export PORT URL LIGHTTPD
}

teardown() {
  lighttpd_stop
  [ -z "${PG-}" ] || pg_end
}

# ask STATEMENT - what the store holds, on whichever engine.
ask() {
  if [ -n "${PG-}" ]; then pg_sql 5432 "$1"; else sql "$DIR" "$1"; fi
}

# same_events COUNT - 32 senders, the same events each: every answer is 200,
# every event is there once, every other delivery is counted.
same_events() {
  event @@@@@@ 1200 | "$PLAIN/tests/post" -e -c 32 -n "$1" -s "$SECRET" \
    "$URL/sales" >"$DIR/answers"
  [ "$(wc -l <"$DIR/answers")" = $((32 * $1)) ]
  [ "$(awk '{ print $2 }' "$DIR/answers" | sort -u)" = 200 ]
  [ "$(grep -c '"stored"' "$DIR/answers")" = "$1" ]
  [ "$(grep -c '"duplicate"' "$DIR/answers")" = $((31 * $1)) ]
  [ "$(ask 'SELECT count(*) FROM event')" = "$1" ]
  [ "$(ask 'SELECT sum(count) FROM repeat')" = $((31 * $1)) ]
  [ "$(ask 'SELECT count(*), sum(events) FROM call')" = "$1|$1" ]
  [ "$(ask 'SELECT sum(calls) FROM day')" = "$1" ]
}

@test "P2 32 senders of the same 1,000 events to one process of 16 threads" {
  receiver_host "$DIR" "$PLAIN" 1 -t 16
  lighttpd_start "$DIR"
  same_events 1000
}

@test "P2 32 senders of the same 1,000 events to four processes" {
  receiver_host "$DIR" "$PLAIN" 4 -t 1
  lighttpd_start "$DIR"
  same_events 1000
}

@test "P2 32 senders of the same 300 events to three receivers of a server" {
  pg_begin
  pg_make 5432
  pg_start 5432
  pg_database 5432
  uri=$(pg_uri 5432)
  sed -i "s#^store = .*#store = ${uri//&/\\&}#" "$DIR/callbook.conf"
  receiver_host "$DIR" "$PLAIN" 3 -t 8
  lighttpd_start "$DIR"
  same_events 300
}

@test "P9 memory stays under 32 MiB over 100,000 events" {
  receiver_host "$DIR" "$PLAIN" 1 -t 16
  lighttpd_start "$DIR"
  event @@@@@@ 1200 | "$PLAIN/tests/post" -c 32 -n 100000 -s "$SECRET" \
    "$URL/sales" >"$DIR/answers"
  [ "$(awk '{ print $2 }' "$DIR/answers" | sort -u)" = 200 ]
  kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$(serving "$(children "$LIGHTTPD")")/status")
  echo "resident: $kib KiB"
  [ "$kib" -lt 32768 ]
}

# long_call WORDS ID - what Retell tells of a call of so many words, 150 a
# minute: the transcript, and twice more with the times of each word, once of
# them with the calls of tools.
long_call() {
  perl -e '
    my ($words, $id, $lists) = (@ARGV, 3);
    my (@turns, $text, $at);
    for (my $n = 0; $n < $words; $n += 20) {
      my $who = $n / 20 % 2 ? "user" : "agent";
      my (@words, $said);
      for my $i ($n .. ($n + 20 > $words ? $words : $n + 20) - 1) {
        my $w = ("morning ", "appointment ", "please ", "the ", "to ")[$i % 5];
        $at = $i * 0.4;
        push @words, sprintf("{\"word\":\"%s\",\"start\":%.2f,\"end\":%.2f}",
          $w, $at + 0.017, $at + 0.317);
        $said .= $w;
      }
      $text .= ($who eq "user" ? "User" : "Agent") . ": $said\\n";
      push @turns, "{\"role\":\"$who\",\"content\":\"$said\",\"words\":["
        . join(",", @words) . "]}";
    }
    my $turns = "[" . join(",", @turns) . "]";
    print "{\"event\":\"call_ended\",\"call\":{\"call_id\":\"$id\",",
      "\"call_type\":\"phone_call\",\"agent_id\":\"agent_1\",",
      "\"direction\":\"inbound\",\"from_number\":\"+15550100188\",",
      "\"to_number\":\"+15550144321\",\"call_status\":\"ended\",",
      "\"start_timestamp\":1779300000123,\"end_timestamp\":1779307200123,",
      "\"disconnection_reason\":\"agent_hangup\",\"transcript\":\"$text\",",
      "\"transcript_object\":$turns,",
      "\"transcript_with_tool_calls\":$turns,",
      "\"scrubbed_transcript_with_tool_calls\":$turns}}"' "$1" "$2"
}

# The defaults of the configuration.
long_calls() {
  sed -i '/^max_body/d' "$DIR/callbook.conf"
}

@test "P9 a call of an hour with the times of its words is stored" {
  long_calls
  receiver_host "$DIR" "$BIN" 1 -t 16
  lighttpd_start "$DIR"
  long_call 9000 hour >"$DIR/hour"
  echo "bytes: $(wc -c <"$DIR/hour")"
  expect 200 '{"result":"stored",*' retell "$DIR/hour"
  [ "$(sql "$DIR" 'SELECT duration / 1000, json_array_length(transcript)
    FROM call')" = '7200|450' ]
  body_of "$DIR" 1 | cmp - "$DIR/hour"
  gzip -k "$DIR/hour"
  expect 200 '{"result":"duplicate",*' retell "$DIR/hour.gz" \
    -H 'Content-Encoding: gzip'
}

# What the manual promises of its memory: callbook.fcgi(8), LIMITS.
@test "P9 memory is bounded while 16 calls of two hours come at once" {
  long_calls
  receiver_host "$DIR" "$PLAIN" 1 -t 16
  lighttpd_start "$DIR"
  pids=()
  for i in {1..16}; do
    long_call 18000 "long-$i" >"$DIR/body.$i"
    retell "$DIR/body.$i" >"$DIR/answer.$i" &
    pids+=($!)
  done
  event 000001 >"$DIR/body"
  expect 200 '{"result":"stored",*' formantai "$DIR/body"
  for pid in "${pids[@]}"; do wait "$pid"; done
  echo "bytes: $(wc -c <"$DIR/body.1")"
  grep -h . "$DIR"/answer.* | sort | uniq -c
  [ "$(grep -l '"stored"' "$DIR"/answer.* | wc -l)" = 16 ]
  [ "$(sql "$DIR" 'SELECT count(*) FROM call
    WHERE json_array_length(transcript) = 900')" = 16 ]
  status=/proc/$(serving "$(children "$LIGHTTPD")")/status
  peak=$(awk '/^VmHWM/ { print $2 }' "$status")
  kib=$(awk '/^VmRSS/ { print $2 }' "$status")
  echo "resident: $kib KiB, at most $peak KiB"
  [ "$peak" -lt $((176 * 1024)) ]
  [ "$kib" -lt $((32 * 1024)) ]
}

# A worker that kept its largest body would keep 16 of these.
@test "P9 the memory of large bodies that are rejected is given back" {
  sed -i 's/^max_body.*/max_body = 16M/' "$DIR/callbook.conf"
  receiver_host "$DIR" "$PLAIN" 1 -t 16
  lighttpd_start "$DIR"
  head -c 16777216 /dev/zero | tr '\0' ' ' >"$DIR/body"
  pids=()
  for i in {1..16}; do
    send sales -H 'X-FormantAI-Signature: sha256=00' \
      --data-binary "@$DIR/body" >"$DIR/answer.$i" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  [ "$(tail -qc 3 "$DIR"/answer.*)" = "$(printf '401%.0s' {1..16})" ]
  kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$(serving "$(children "$LIGHTTPD")")/status")
  echo "resident: $kib KiB"
  [ "$kib" -lt $((32 * 1024)) ]
}

@test "P9 a body that would take too much memory is quarantined, and says so" {
  long_calls
  receiver_host "$DIR" "$BIN" 1 -t 16
  lighttpd_start "$DIR"
  perl -e 'print "{\"event\":\"call_ended\",\"call\":{\"call_id\":\"1\"},",
    "\"x\":[{}", ",{}" x 450000, "]}"' >"$DIR/wide"
  expect 200 '{"result":"quarantined",*"reason":"*one body may take 128 MB"*' \
    retell "$DIR/wide"
}
