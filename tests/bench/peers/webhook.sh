#!/bin/sh
# What Debian's webhook program runs for a delivery whose signature it has
# verified: the body and three of its members come as arguments.
exec sqlite3 -cmd '.timeout 10000' "$PEER_STORE" \
  'PRAGMA synchronous = FULL' \
  "INSERT OR IGNORE INTO event (id, type, call, received, body)
   VALUES ('$(printf %s "$2" | sed "s/'/''/g")',
     '$(printf %s "$3" | sed "s/'/''/g")',
     '$(printf %s "$4" | sed "s/'/''/g")', unixepoch() * 1000,
     '$(printf %s "$1" | sed "s/'/''/g")')"
