#!/bin/sh
# embed.sh FILE.json... >builtin.c
#
# Print the files as byte arrays of a C file and the table of them that
# builtin.h declares.
set -eu

printf '#include "provider/builtin.h"\n'
n=0
for file; do
	printf '\nstatic const unsigned char text%d[] = {\n' "$n"
	od -An -v -tx1 "$file" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '};\n'
	n=$((n + 1))
done

printf '\nconst struct builtin builtin_definition[] = {\n'
n=0
for file; do
	printf '\t{"%s", text%d, sizeof(text%d)},\n' \
	    "$(basename "$file" .json)" "$n" "$n"
	n=$((n + 1))
done
printf '\t{NULL, NULL, 0}};\n'
