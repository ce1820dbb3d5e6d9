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
cat >"$work/language.json" <<'END'
{"provider": "x", "body": ["json", "multipart", "jwt"], "parse": ["/j"],
 "auth": {"t": {"type": "token"}},
 "tables": {"t": {"a": "A"}},
 "event": {"type": "/t", "key": ["body"], "volatile": ["/iat"]},
 "call": {"id": {"join": ["/c", {"is": "#"}, "/n"]}, "alias": ["/d", "/e"],
  "agent": {"among": "/l", "when": {"at": "/k", "starts": ["x", "y"]},
   "at": "", "map": "t", "else": "e"},
  "summary": {"at": "/b", "decode": "base64"},
  "cost": {"at": "/p", "unit": "cents", "currency": "/u", "plus": "/q"},
  "goal": {"at": "/g", "map": {"1": "yes"}},
  "started": {"at": "/w", "minus": {"at": "/m", "unit": "ns"}},
  "attempt": {"at": "/n", "plus": {"is": 1}, "else": 0},
  "facts": {"all": {"at": "", "as": "number", "except": ["/t"]},
   "one": [{"at": "/k", "map": "t", "when": {"at": "/z", "not": true}}, "/y"]}},
 "types": {"x*": {"state": "ended", "call": {"agent": null,
  "facts": {"one": null}}}, "*": {"call": false}}}
END
printf '{"t":"xy","c":1,"n":2,"d":"d","l":[{"k":"x"},"y"],"b":"aGk","p":"0.5",
"u":"usd","q":1e-2,"g":1,"w":"2026-01-02T03:04","m":5e9,"k":"a"}' >"$work/all"
printf -- '--b\r\nContent-Disposition: form-data; name="t"\r\n\r\nx\r\n--b\r\n'\
'content-disposition: form-data; name=j; filename="f"\r\n\r\n{}\r\n--b--' \
	>"$work/parts"
printf 'e30.eyJ0IjoieCIsImMiOjEsIm4iOjJ9.AA' >"$work/token"
seed "$1/language-json" "$work/language.json" "A: b" "$work/all"
seed "$1/language-multipart" "$work/language.json" \
	'Content-Type: multipart/form-data; boundary="b"' "$work/parts"
seed "$1/language-jwt" "$work/language.json" \
	"Content-Type: application/jwt" "$work/token"
seed "$1/schemes-json" "$work/schemes.json" "Content-Type: application/json
S: 00" "$work/json"
printf '{"type":"url_verification","challenge":"c-1"}' >"$work/challenge"
seed "$1/handshake-body" tests/data/auth/definitions/handshake.json \
	'Content-Type: application/json' "$work/challenge"
seed "$1/handshake-query" tests/data/auth/definitions/handshake.json \
	':method: GET
:query: mode=subscribe&challenge=c%2D1' /dev/null
