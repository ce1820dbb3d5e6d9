#!/usr/bin/env perl
# same_places.pl <PO - fails where a translation has not the markup, the places
# and the conversions of its English text, each as often.
use strict;
use warnings;

my ($id, $failed) = ('', 0);

sub parts {
	my %n;
	$n{$_}++ for $_[0] =~ /(<[^>]*>|\{\d\}|%[a-z]+)/g;
	return join ' ', map { "$_*$n{$_}" } sort keys %n;
}

while (<STDIN>) {
	$id = $1 if /^msgid(?:_plural)? "(.*)"$/;
	next unless /^msgstr(?:\[\d\])? "(.+)"$/;
	next if parts($id) eq parts($1);
	print "$id\n  is not $1\n";
	$failed = 1;
}
exit $failed;
