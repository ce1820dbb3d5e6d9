#!/usr/bin/env perl
# older.pl FIRST-LAST... COMMAND... - run a program as on a kernel that does not
# have the system calls of these numbers.
use strict;
use warnings;

my ($no_new_privs, $set_seccomp, $mode_filter, $prctl) = (38, 22, 2, 157);
my ($load, $at_least, $return) = (0x20, 0x35, 0x06);
my ($allow, $enosys) = (0x7fff0000, 0x00050000 | 38);

my @filter = pack 'SCCL', $load, 0, 0, 0;
while (@ARGV && $ARGV[0] =~ /^(\d+)-(\d+)$/) {
  shift;
  push @filter, pack('SCCL', $at_least, 0, 2, $1),
    pack('SCCL', $at_least, 1, 0, $2 + 1), pack('SCCL', $return, 0, 0, $enosys);
}
my $filter = join '', @filter, pack 'SCCL', $return, 0, 0, $allow;
my $program = pack 'Sx6p', @filter + 1, $filter;
syscall($prctl, $no_new_privs, 1, 0, 0, 0) == 0 or die "prctl: $!";
syscall($prctl, $set_seccomp, $mode_filter, $program, 0, 0) == 0
  or die "seccomp: $!";
exec @ARGV or die "$ARGV[0]: $!";
