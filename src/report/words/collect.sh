#!/bin/sh
# collect.sh [POT] - collect the texts of the report's pages; with the name of
# a file into that alone, else into every catalogue beside this script.
set -eu
words=$(cd "$(dirname "$0")" && pwd)
cd "$words/../../.."
pot=${1:-$(mktemp)}

xgettext --from-code=UTF-8 --language=C --no-location --sort-output \
    --no-wrap --add-comments=TRANSLATORS --package-name=callbook \
    --keyword --keyword=N_ --keyword=NC_:1c,2 --keyword=tr:2 \
    --keyword=tr_in:2c,3 --keyword=tr_n:2,3 --keyword=say:2 \
    --keyword=say_n:2,3 --keyword=say_put:2 --keyword=say_number:2 \
    -o "$pot" src/report/*.c
# A date would differ where no text does.
sed -i '/^"POT-Creation-Date:/d' "$pot"
[ $# -eq 0 ] || exit 0
for po in "$words"/*.po; do
	[ -e "$po" ] || continue
	msgmerge --quiet --update --backup=none --no-wrap --sort-output \
	    --no-fuzzy-matching --no-location "$po" "$pot"
	msgattrib --no-obsolete --no-wrap --sort-output -o "$po" "$po"
done
rm -f "$pot"
