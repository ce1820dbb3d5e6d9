#!/bin/sh
# seeds.sh DIR - write into DIR what fuzz_provider starts from: each built-in
# definition with a few of its bodies, and a definition for each scheme.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "$1"

# seed NAME DEFINITION HEADERS BODY
seed() {
	{
		cat "$2"
		printf '\n---\n%s\n---\n' "$3"
		cat "$4"
	} >"$1"
}

for definition in lib/provider/definitions/*.json; do
	name=$(basename "$definition" .json)
	n=0
	for body in tests/data/providers/"$name"/*; do
		case $body in *.expect) continue ;; esac
		n=$((n + 1))
		[ "$n" -le 3 ] || break
		type=application/json
		case $body in *.form) type=application/x-www-form-urlencoded ;; esac
		seed "$1/$name-$n" "$definition" "Content-Type: $type" "$body"
	done
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/schemes.json" <<'END'
{"provider": "x", "methods": ["POST", "GET"], "body": ["form", "json"],
 "auth": {
  "h": {"type": "hmac", "header": "S", "hash": "sha1", "encoding": "base64",
    "signed": "{url}{form}", "body_hash": "query:h"},
  "l": {"type": "hmac", "header": "S", "separator": ",", "prefix": "v=",
    "signed": "{header:I}.{time}.{body}", "secret": "base64",
    "time": {"item": "t=", "format": "iso8601", "tolerance": 60}},
  "r": {"type": "rsa", "header": "S", "padding": "pss"},
  "e": {"type": "ed25519", "header": "S", "encoding": "hex"},
  "b": {"type": "bearer"}, "t": {"type": "token"},
  "j": {"type": "jwt", "claim": "h"}},
 "event": {"type": ["/t", "header:T", "query:t"], "id": "/i",
  "time": {"at": "/w", "format": "epoch-ns"}, "key": ["id", "body"],
  "volatile": ["/v/0"]},
 "call": {"id": {"at": "/c", "starts": {"A": "a"}, "else": "none"}},
 "types": {"x": {"state": "ended", "outcome": {"at": "/o",
  "map": {"1": "busy"}, "else": "failed"}}}}
END
printf 't=x&c=A1&w=1779300000000000000&i=%%C3%%A3&v=' >"$work/form"
printf '{"t":"x","c":"A1","v":[1],"o":1}' >"$work/json"
seed "$1/schemes-form" "$work/schemes.json" "S: v=00,t=2026-05-20T18:00:00Z
I: 1
Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJoIjoiIn0.AAAA
:query: a=1&h=00" "$work/form"
seed "$1/schemes-json" "$work/schemes.json" "Content-Type: application/json
S: 00" "$work/json"
