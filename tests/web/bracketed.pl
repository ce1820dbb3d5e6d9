#!/usr/bin/env perl
# bracketed.pl DATA <PAGE - words of a page in the language of pseudo.pl that no
# brackets have: one a line.  DATA: a file with what the store holds, a line
# each, which is no word of the page's.
use strict;
use warnings;
use open ':std', ':encoding(UTF-8)';

my ($file) = @ARGV;
open my $in, '<', $file or die "$file: $!\n";
chomp(my @data = <$in>);
close $in;
my $data = join '|', map { quotemeta }
    sort { length $b <=> length $a } grep { length > 1 } @data;

local $/;
my $page = <STDIN>;
my @texts;

# What is no text: the head's links, code, and what is said in English or is
# from outside.
$page =~ s/<(style|code|pre|bdi)\b[^>]*>.*?<\/\1>/ /gs;
$page =~ s/<(\w+)[^>]*\blang="en"[^>]*>.*?<\/\1>/ /gs;
push @texts, $2
    while $page =~ /\b(title|aria-label|placeholder|alt|data-label)="([^"]*)"/g;
$page =~ s/<(?:td|p|blockquote)\b[^>]*\bdir="auto"[^>]*>.*?<\/\w+>/ /gs;
push @texts, $1 while $page =~ />([^<>]+)</g;

for my $text (@texts) {
	my $shown = $text =~ s/\s+/ /gr;
	$text =~ s/&[#\w]+;/ /g;
	$text =~ s/\x{2068}.*?\x{2069}//g;
	1 while $text =~ s/\x{27e6}[^\x{27e6}\x{27e7}]*\x{27e7}/ /g;
	$text =~ s/(?<![\pL\d])(?:$data)(?![\pL\d])//g;
	# 1.2k in a cell of a chart, and what is no word in any language.
	$text =~ s/(?<![\pL])[\d.]+[kMG]\b|\b(?:CSV|NDJSON|Excel|A|B|kB|MB|GB|[A-Z]{3})\b//g;
	print "$shown\n" if $text =~ /\pL/;
}
