# sql.pl - the statements of SQL in C sources that went through cpp.
#
# Writes FILE:LINE, a tab and the statement for each string literal in which a
# verb of SQL stands, its neighbours joined as the compiler does; ?1 becomes $1,
# as an engine that counts so writes it.
use strict;
use warnings;

my ( $file, $line, $text, $place ) = ( '', 0, undef, '' );
my %escaped = ( n => "\n", t => "\t", '0' => "\0" );

# What stands at the beginning of a statement, or is lost in the middle of one.
my $verb = qr/\b(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|VALUES|CREATE|DROP
	|ALTER|MERGE|WITH\ RECURSIVE)\b
	|^\s*(?:select|insert|update|delete)\b.*\b(?:from|into|set|where)\b/x;

sub told {
	return unless defined $text;
	if ( $text =~ $verb && $file =~ m{^lib/} ) {
		$text =~ s/\?([0-9]+)/\$$1/g;
		my $n = 0;
		$text =~ s/\?/'$' . ++$n/ge;    # those without a number
		$text =~ s/\s+/ /g;
		print "$place\t$text\n";
	}
	undef $text;
}

while (<STDIN>) {
	if (/^# ([0-9]+) "([^"]*)"/) {
		( $line, $file ) = ( $1, $2 );
		next;
	}
	while (/\G\s*(?:"((?:[^"\\]|\\.)*)"|('(?:[^'\\]|\\.)*'|\w+|.))/gc) {
		if ( defined $1 ) {
			( $text, $place ) = ( '', "$file:$line" ) unless defined $text;
			( my $part = $1 ) =~ s/\\(.)/$escaped{$1} \/\/ $1/ge;
			$text .= $part;
		}
		else { told() }
	}
	$line++;
}
told();
