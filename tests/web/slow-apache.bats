#!/usr/bin/env bats
# Senders that are slow, behind Apache with mod_proxy_fcgi, which hands on a
# body while it still arrives.

load server
load cases
load servers/apache-proxy

bats_require_minimum_version 1.5.0

# slow_posts COUNT PATH CURL-OPTION... - at 600 bytes a second, which
# mod_reqtimeout would let pass.  Sets POSTS (pids).
slow_posts() {
  local i count=$1 path=$2
  shift 2
  head -c 20000 /dev/zero | tr '\0' ' ' >slow
  POSTS=()
  for ((i = 0; i < count; i++)); do
    status --limit-rate 600 -H 'Expect:' --data-binary @slow "$@" \
      "$URL/$path" >"slow.$i" 3>&- &
    POSTS+=("$!")
  done
}

@test "slow posts hold up nobody, and are answered 408" {
  for path in healthz open; do
    slow_posts 20 "$path" -H "Content-Type: $(
      [ "$path" = open ] && echo application/json ||
        echo application/octet-stream
    )"
    for i in {1..10}; do
      event "9${#path}00$i" >body
      expect 200 '{"result":"stored",*' formantai body -m 9
    done
    wait "${POSTS[@]}" || cat slow.{0..19}
    if [ "$path" = healthz ]; then
      # Two may ask so at once: who is answered beside them gets 503.
      [[ $(cat slow.{0..19}) =~ ^(408|503){20}$ ]]
      [ "$(grep -l 408 slow.{0..19} | wc -l)" -ge 18 ]
    else
      [ "$(cat slow.{0..19})" = "$(printf 408%.0s {1..20})" ]
    fi
  done
}
