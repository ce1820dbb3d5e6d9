#!/usr/bin/env perl
# peer.pl SOCKET KIND COUNT - open so many FastCGI connections that are up to
# no good, and print for each how it ended: the status that it was answered
# with, or "closed", and "early" if that was before 4 seconds had passed
# (9, of those who are neither slow nor silent).
#
# KIND is what each of them does:
#   silent   sends nothing
#   byte     sends one byte
#   params   stops in the middle of the parameters
#   body     posts to source "open" 500 bytes a second
#   large    the same after 60,000 bytes at once
#   nowhere  as body, to a source that there is not
#   pieces   posts an event in records of one byte, as fast as it can
#   lengths  says of a parameter that it is longer than any can be
#   pairs    says so of two lengths that are possible, but not together
#   asks     asks what the application can do, as no web server does
#   split    posts an event with its parameters in records of one byte, a length
#            of four bytes and padding
#   behind   posts an event as soon as the file behind.go is there
#   refused  posts to a source that there is not, and the rest of 60,000 bytes
#            as soon as the file refused.go is there
#   export   asks for all calls as NDJSON, and reads on when the file export.go
#            is there
#
# The file KIND.ready is there when all have sent what they send at once, and
# of those that need a thread (large) one has it.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(MSG_PEEK);
use Time::HiRes qw(sleep time);

use constant TIOCOUTQ => 0x5411; # ioctl_tty(2), of sockets too

my ($path, $kind, $count) = @ARGV;
$SIG{PIPE} = 'IGNORE';

sub record { pack('CCnnxx', 1, $_[0], 1, length $_[1]) . $_[1] }
sub padded { pack('CCnnCx', 1, $_[0], 1, length $_[1], 3) . "$_[1]\0\0\0" }
sub pair { pack('CC', length $_[0], length $_[1]) . $_[0] . $_[1] }

# Bytes that were sent and that nobody has read: the receiver looks at what came
# without reading, until a thread is free for it.
sub unread {
  my $size = pack 'i', 0;
  ioctl $_[0], TIOCOUTQ, $size or die "ioctl: $!";
  return unpack 'i', $size;
}

my $begin = record(1, pack('nCx5', 1, 0));
my $export = $kind eq 'export';
my $pairs = join '', map { pair(@$_) }
  ['REQUEST_METHOD', $export ? 'GET' : 'POST'],
  ['PATH_INFO', $export ? '/export.ndjson' :
    $kind =~ /^(nowhere|refused)$/ ? '/nowhere' : '/open'],
  ['QUERY_STRING', 'preset=all'], ['REMOTE_USER', 'owner'],
  ['CONTENT_TYPE', 'application/json'];
my $params = record(4, $pairs);
my $head = $begin . $params . record(4, '');
my $event = '{"event_id":"evt-9","event_type":"call.completed","data":{"call":'
  . '{"conversation_id":"call-9","status":"completed"}}}';
my %first = ( # each is written by itself
  silent => [],
  byte => ["\1"],
  params => [substr $begin . $params, 0, 40],
  body => [$head],
  export => [$head . record(5, '')],
  large => [$head . record(5, ' ' x 30000) x 2],
  nowhere => [$head],
  behind => [],
  refused => [$head . record(5, ' ' x 40000)],
  lengths => [$begin . record(4, pack 'NN', 0xffffff00, 1) . record(4, '')],
  pairs => [$begin . record(4, pack 'NN', 0xc0000000, 0xc0000000)
    . record(4, '')],
  split => [$begin . join('', map { padded(4, $_) } split //, $pairs
    . pack('CN', 6, 0x80000003) . 'HTTP_XYZ1') . record(4, '')
    . record(5, $event) . record(5, '')],
  asks => [pack('CCnnxx', 1, 9, 0, 3) . 'abc'],
  pieces => [$head, (map { record(5, $_) } split //, $event . ' ' x 3000),
    record(5, '')],
);
my %later = ( # when KIND.go is there
  behind => $head . record(5, $event) . record(5, ''),
  refused => record(5, ' ' x 20000) . record(5, ''),
  export => '',
);
my $drips = $kind =~ /^(body|large|nowhere)$/;
my $quick = $kind =~ /^(pieces|split|refused|lengths|pairs|asks)$/;
my $early = $quick ? 9 : 4; # seconds

my (%answer, $select);
$select = IO::Select->new;
for (1 .. $count) {
  my $s = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!";
  syswrite $s, $_ for @{$first{$kind}};
  $select->add($s);
  $answer{$s} = '';
}
my $held = $kind eq 'refused' || $export; # reads no answer before KIND.go
if ($held) { $_->recv(my $byte, 1, MSG_PEEK) for $select->handles }
if ($kind eq 'large') { sleep 0.02 until grep { unread($_) == 0 } $select->handles }
my $start = time;
open my $ready, '>', "$kind.ready" or die $!;
close $ready;

my $dripped = time;
while ($select->count) {
  if (defined $later{$kind} && -e "$kind.go") {
    for my $s ($select->handles) {
      next if $export || syswrite $s, $later{$kind};
      print "closed\n";
      $select->remove($s);
    }
    delete $later{$kind};
    $held = 0;
  }
  if ($held) { sleep 0.1; next }
  for my $s ($select->can_read(0.1)) {
    next if sysread($s, $answer{$s}, 65536, length $answer{$s});
    my ($status) = $answer{$s} =~ /Status: (\d+)/;
    print $status // 'closed', time - $start < $early ? " early\n" : "\n";
    $select->remove($s);
    close $s;
  }
  if ($drips && time - $dripped > 0.2) {
    syswrite($_, record(5, ' ' x 100)) for $select->handles;
    $dripped = time;
  }
}
