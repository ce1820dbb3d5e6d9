#!/usr/bin/env perl
# pseudo.pl <POT >PO - a language in which each piece of a text that is words
# stands in brackets: a word of a page that has none is in no catalogue.
# Markup, places and conversions stay outside of them.
use strict;
use warnings;

print qq(msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n),
    qq("Language: de\\n"\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n);
my $header = 1;
my ($one, $many);

sub bracketed {
	my ($text) = @_;
	return join '', map {
		/^(?:<|\{\d\}|%[a-z]+$)/ || !/\pL/ ? $_ : "\x{27e6}$_\x{27e7}"
	} split /(<[^>]*>|\{\d\}|%[a-z]+)/, $text;
}

binmode STDIN, ':encoding(UTF-8)';
binmode STDOUT, ':encoding(UTF-8)';
while (<STDIN>) {
	$header = 0 if /^$/;
	next if $header;
	($one, $many) = ($1, undef) if /^msgid "(.*)"$/;
	$many = $1 if /^msgid_plural "(.*)"$/;
	if (/^msgstr ""$/) {
		print 'msgstr "', bracketed($one), "\"\n";
	} elsif (/^msgstr\[(\d)\]/) {
		print "msgstr[$1] \"", bracketed($1 ? $many : $one), "\"\n";
	} else {
		print;
	}
}
