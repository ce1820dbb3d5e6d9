#!/usr/bin/env perl
# old_server.pl DIR VERSION - on DIR/.s.PGSQL.5432, a PostgreSQL server of that
# version, which says so and no more.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($dir, $version) = @ARGV;
my $server = IO::Socket::UNIX->new(Local => "$dir/.s.PGSQL.5432", Listen => 8)
  or die "$dir: $!";

sub message { $_[0] . pack('N', 4 + length $_[1]) . $_[1] }

while (my $client = $server->accept) {
  read $client, my $length, 4 or next;
  read $client, my $startup, unpack('N', $length) - 4;
  my %told = (server_version => $version, server_encoding => 'UTF8',
    client_encoding => 'UTF8', in_hot_standby => 'off',
    default_transaction_read_only => 'off');
  print $client message('R', pack 'N', 0),
    (map { message('S', "$_\0$told{$_}\0") } sort keys %told), message('Z', 'I');
  $client->flush;
  1 while read $client, my $byte, 1;
}
