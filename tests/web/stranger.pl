#!/usr/bin/env perl
# stranger.pl SOCKET KIND COUNT [BYTES] - send so many requests one after the
# other to a FastCGI socket, as somebody without a secret can, and print how
# often each status answered.
#
# KIND is what each of them is:
#   nowhere  to a source that there is not
#   method   of a method that the platform does not use
#   type     of a type that it does not send
#   missing  without any signature
#   wrong    with a signature that is none of its body, another each time
#   rsa      the same, of a scheme with a public key
#   health   for the health of the store
# A body has BYTES.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path, $kind, $count, $bytes) = (@ARGV, 100);

sub record { pack('CCnnxx', 1, $_[0], 1, length $_[1]) . $_[1] }
sub size { $_[0] < 128 ? chr $_[0] : pack "N", $_[0] | 1 << 31 }
sub pair { size(length $_[0]) . size(length $_[1]) . $_[0] . $_[1] }

my %path = (nowhere => '/nowhere', rsa => '/support', health => '/healthz');
my $source = $path{$kind} // '/sales';
my $method = $kind eq 'health' ? 'GET' : $kind eq 'method' ? 'PUT' : 'POST';
my $type = $kind eq 'type' ? 'text/plain' : 'application/json';
my %told;

for my $i (1 .. $count) {
  my $body = $kind eq 'health' ? '' :
    sprintf '{"n":%09d,"x":"%s"}', $i, 'x' x ($bytes - 22);
  my @params = (['REQUEST_METHOD', $method], ['PATH_INFO', $source],
    ['CONTENT_TYPE', $type], ['CONTENT_LENGTH', length $body],
    ['REMOTE_ADDR', '192.0.2.1']);
  my $digits = sprintf '%064x', $i;
  push @params, ['HTTP_X_FORMANTAI_SIGNATURE', "sha256=$digits"]
    if $kind eq 'wrong';
  push @params, ['HTTP_X_RECHO_SIGNATURE', 'A' x 342 . '=='],
    ['HTTP_X_RECHO_TIMESTAMP', time]
    if $kind eq 'rsa';
  my $s = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!";
  my $text = record(1, pack('nCx5', 1, 0)) .
    record(4, join '', map { pair(@$_) } @params) . record(4, '');
  for (my $at = 0; $at < length $body; $at += 65528) {
    $text .= record(5, substr $body, $at, 65528);
  }
  $text .= record(5, '');
  # Who is refused early need not take all of it.
  local $SIG{PIPE} = 'IGNORE';
  for (my $at = 0; $at < length $text;) {
    my $n = syswrite $s, $text, length($text) - $at, $at;
    last unless $n;
    $at += $n;
  }
  my $answer = '';
  1 while sysread $s, $answer, 65536, length $answer;
  my ($status) = $answer =~ /Status: (\d+)/;
  $told{$status // 'closed'}++;
}
print "$told{$_} $_\n" for sort keys %told;
