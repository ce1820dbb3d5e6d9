#!/bin/sh
# embed.sh TABLE FILE... >TABLE.c
#
# Print the files as byte arrays of a C file, and the table of them, whose
# entries embedded.h describes.
set -eu
table=$1
shift

printf '#include "base/embedded.h"\n'
n=0
for file; do
	printf '\nstatic const unsigned char text%d[] = {\n' "$n"
	od -An -v -tx1 "$file" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '};\n'
	n=$((n + 1))
done

printf '\nextern const struct embedded %s[];\n' "$table"
printf 'const struct embedded %s[] = {\n' "$table"
n=0
for file; do
	name=${file##*/}
	printf '\t{"%s", text%d, sizeof(text%d)},\n' "${name%.*}" "$n" "$n"
	n=$((n + 1))
done
printf '\t{NULL, NULL, 0}};\n'
