#!/usr/bin/perl
# run.pl BUILD [FILE...] - change the code in small ways, and tell which
# changes no unit test sees.
#
# A change is one of: a condition negated, < for <=, == for !=, && for ||, a
# constant one more or one less, true for false, a call or an early return
# left out.  All changes of a file are compiled into one object, in which each
# is asked for by $MUTANT; the few that a compiler does not take so are compiled
# alone.  The object comes before the true library (the first definition that
# the loader finds is used by all), and the unit programs that reach the line
# are run until the first failure, beginning with those that are quick and have
# seen changes of this file.  What is not changed: calls that only log, free
# memory or lock, since other runs of the same tests (with sanitizers) look
# after the latter two.
#
# SAMPLE=300 changes are drawn by SEED=1; 0 is all of them.  Of the changes
# that survive, those that mean the same are named in equivalent.txt, with why.
# BUILD/result.txt has a line for each change; a change that is there already
# is not tried again.  AGAIN=1 tries those again that survived, and no others.
# WHOLE=1 has all programs try all that they have; without it those that take
# longer than $SECONDS_FIRST are left out, and the others try less (TEST_BRIEF).
# TESTS='test_a test_b' has those programs alone, for what was tried without
# them or before they changed.  TMPDIR=/dev/shm makes it quick.
use strict;
use warnings;
use POSIX qw(:signal_h :sys_wait_h setpgid);
use Time::HiRes qw(time);

my $build = shift or die "usage: run.pl BUILD [FILE...]\n";
my @rooms = sort glob('lib/call/*.c lib/store/*.c lib/provider/auth*.c');
my @files = @ARGV ? @ARGV : @rooms;
my $sample = length($ENV{SAMPLE} // '') ? $ENV{SAMPLE} : 300;
my $state = $ENV{SEED} || 1;
my $again = $ENV{AGAIN};
my $whole = $ENV{WHOLE};
my %only = map { $_ => 1 } split ' ', $ENV{TESTS} // '';
my $SECONDS_MAX = 300;     # of one unit program, by the clock
my $SECONDS_FIRST = 5;     # of the processor
my $SECONDS_MORE = 5;      # of the processor, than what a program took
my $MEMORY_MAX = 4 << 20;  # kB
my $FILE_MAX = 1 << 20;    # blocks of 512 or 1024 bytes

my $scratch = `mktemp -d \${TMPDIR:-/tmp}/callbook-mutations.XXXXXX`;
chomp $scratch;
chmod 0711, $scratch; # some tests become another user

# --- the changes ------------------------------------------------------------

# The text with comments, strings and directives blanked, of the same length.
sub masked {
	my ($s) = @_;
	my $blank = sub { my $t = $_[0]; $t =~ s/[^\n]/ /g; $t };
	$s =~ s{(/\*.*?\*/)|("(?:\\.|[^"\\])*")|('(?:\\.|[^'\\])*')}
	    {defined $1 ? $blank->($1) : 'S' x length($2 // $3)}gse;
	$s =~ s{^(#(?!define\s+\w+\s+[(\d])(?:.*\\\n)*.*)}{$blank->($1)}gme;
	return $s;
}

# Where the parenthesis at $at is closed.
sub closing {
	my ($m, $at) = @_;
	my $depth = 0;
	for (my $i = $at; $i < length $m; $i++) {
		my $c = substr $m, $i, 1;
		$depth++ if $c eq '(';
		return $i if $c eq ')' && --$depth == 0;
	}
	return -1;
}

# All changes of a file: [kind, from, length, replacement].
sub changes {
	my ($s) = @_;
	my $m = masked($s);
	my @c;
	my %other = ('&&' => '||', '||' => '&&', '==' => '!=', '!=' => '==',
	    '<' => '<=', '<=' => '<', '>' => '>=', '>=' => '>');

	while ($m =~ /\b(?:if|while) (?=\()/g) {
		my $from = pos $m;
		my $to = closing($m, $from);
		next if $to < 0;
		push @c, ['negated', $from + 1, $to - $from - 1,
		    '!(' . substr($s, $from + 1, $to - $from - 1) . ')'];
	}
	while ($m =~ / (&&|\|\||==|!=|<=|>=|<|>) /g) {
		push @c, ['operator', $-[1], length $1, $other{$1}];
	}
	while ($m =~ /(?<=[\s(!&|,?:])!(?=[\w(*])/g) {
		push @c, ['negated', $-[0], 1, ''];
	}
	while ($m =~ /(?<![\w.])(\d+)(?=(?:u|U|L|LL|ull|ULL)?\b)(?![\w.]*[.x])/g) {
		my ($from, $n) = ($-[1], $1);
		my $line = substr $m, 0, $from;
		$line =~ s/.*\n//s;
		# The size of an array: one more is no other behaviour.
		next if $line =~ /(?:char|struct \w+) \w+\[$/ || $line =~ /\w\[$/ &&
		    $line =~ /^\s*(?:static |const |unsigned |struct )*\w+ \**\w+\[$/;
		# Every -1 that is returned is as good as -2, and
		# more memory as good as enough.
		push @c, ['constant', $from, length $n, $n + 1]
		    if $line !~ /(?:return|[?:=]) -$|calloc\($/;
		push @c, ['constant', $from, length $n, $n - 1] if $n > 0;
		push @c, ['constant', $from, length $n, '-1']
		    if $n eq '0' && $line =~ /return $/;
	}
	while ($m =~ /\b(true|false)\b/g) {
		push @c, ['constant', $-[1], length $1,
		    $1 eq 'true' ? 'false' : 'true'];
	}
	while ($m =~ /^(\t+)(?:\(void\))?([a-z_]\w*)(?=\()/gm) {
		my ($name, $from) = ($2, $+[1]);
		my $to = closing($m, pos $m);
		next if $name =~ /^(?:if|while|for|switch|return|sizeof)$/ ||
		    $name =~ /^log_|free$|mutex|^va_|cleanse/ ||
		    substr($m, $to + 1, 1) ne ';';
		push @c, ['call', $from, $to + 1 - $from, '(void)0'];
	}
	while ($m =~ /^\t+(return\b[^;]*;)(?=\s*\n(?!\}))/gm) {
		push @c, ['return', $-[1], length $1, ';'];
	}
	return @c;
}

# --- all changes in one object ----------------------------------------------

# Where a change can be chosen when the program runs: the least piece of the
# text around it that is an expression or a statement.  Returns pieces as
# [kind, from, to]: a condition, a value, a statement.
sub pieces {
	my ($m) = @_;
	my @p;

	while ($m =~ /\b(if|while|for) (?=\()/g) {
		my ($word, $from) = ($1, pos $m);
		my $to = closing($m, $from);
		next if $to < 0;
		if ($word ne 'for') {
			push @p, ['condition', $from + 1, $to];
			next;
		}
		my $inside = substr $m, $from + 1, $to - $from - 1;
		push @p, ['condition', $from + 1 + $-[1], $from + 1 + $+[1]]
		    if $inside =~ /^[^;]*;\s*([^;]*\S)\s*;[^;]*$/;
	}
	while ($m =~ /\breturn\s+([^;]+);/g) {
		push @p, ['value', $-[1], $+[1]];
	}
	while ($m =~ /^\t+[^;{}=]*? [|&+-]?= ([^;{}]*);/gm) {
		push @p, ['value', $-[1], $+[1]];
	}
	while ($m =~ /^(\t+)(?:\(void\))?[a-z_]\w*(?=\()/gm) {
		my $from = $+[1];
		my $to = closing($m, pos $m);
		push @p, ['statement', $from, $to + 1]
		    if $to > 0 && substr($m, $to + 1, 1) eq ';';
	}
	return grep {
		my $t = substr $m, $_->[1], $_->[2] - $_->[1];
		my $open = $t =~ tr/(//;
		$open == ($t =~ tr/)//);
	} @p;
}

# The piece of a change: its own text, or the least that is around it.
sub piece_of {
	my ($m, $c, @pieces) = @_;
	my ($from, $to) = ($c->{from}, $c->{from} + $c->{n});
	my $before = substr $m, 0, $from;
	my $least;

	return undef if rindex($before, "\n{") <= rindex($before, "\n}");
	return ['literal', $from, $to + length $1]
	    if $c->{kind} eq 'constant' && substr($m, $to) =~ /^([uUlL]*)/;
	return ['return', $from, $to] if $c->{kind} eq 'return';
	for my $p (@pieces) {
		next if $p->[1] > $from || $p->[2] < $to;
		$least = $p if !$least ||
		    $p->[2] - $p->[1] < $least->[2] - $least->[1];
	}
	return $least;
}

# The text from..to in which each piece asks which change is on.
sub switched {
	my ($s, $from, $to, @units) = @_;
	my $out = '';

	while (my $u = shift @units) {
		my ($kind, $begin, $end) = @{$u->{piece}};
		my @inner;
		push @inner, shift @units
		    while @units && $units[0]{piece}[2] <= $end;
		$out .= substr $s, $from, $begin - $from;
		my $text = switched($s, $begin, $end, @inner);
		my $bool = $kind eq 'condition' ? '!!' : '';
		my $void = $kind eq 'statement' ? '(void)' : '';
		for my $c (@{$u->{changes}}) {
			my $is = substr $s, $begin, $end - $begin;
			substr($is, $c->{from} - $begin, $c->{n}) = $c->{new};
			$is =~ s/\n/ /g;
			$text = $kind eq 'return'
			    ? "{ if (mutant_on != $c->{switch}) $text }"
			    : "(mutant_on == $c->{switch} ? $bool$void($is)" .
			    " : $bool$void($text))";
		}
		$out .= $text;
		$from = $end;
	}
	return $out . substr $s, $from, $to - $from;
}

# Make one library of all changes of a file that can be chosen by $MUTANT; they
# get a number.  What a compiler refuses so is compiled alone.
sub make_switched {
	my ($file, $compile, $dir, @changes) = @_;
	my $s = $changes[0]{text};
	my $m = masked($s);
	my @pieces = pieces($m);
	my ($name) = $file =~ m{([^/]+)$};
	my ($folder) = $file =~ m{(.*)/};
	my $number = 0;
	my $begin = 'extern char *getenv(const char *);' .
	    ' extern int atoi(const char *); static int mutant_on;' .
	    ' __attribute__((constructor)) static void mutant_begin(void)' .
	    ' { const char *n = getenv("MUTANT");' .
	    ' mutant_on = n ? atoi(n) : 0; }';

	for my $c (@changes) {
		$c->{piece} = piece_of($m, $c, @pieces);
		$c->{switch} = ++$number if $c->{piece};
	}
	mkdir $dir;
	for (1 .. 20) {
		my %unit;
		for my $c (grep { $_->{switch} } @changes) {
			my $key = join ' ', @{$c->{piece}};
			$unit{$key} //= {piece => $c->{piece}};
			push @{$unit{$key}{changes}}, $c;
		}
		my @units = sort { $a->{piece}[1] <=> $b->{piece}[1] ||
		    $b->{piece}[2] <=> $a->{piece}[2] } values %unit;
		open my $f, '>', "$dir/$name" or die "$dir/$name: $!\n";
		print $f "$begin\n#line 1\n",
		    switched($s, 0, length $s, @units);
		close $f;
		return if run(120, 120, '', 'sh', '-c', "$compile -I$folder" .
		    " -ferror-limit=0 -c -o $dir/x.o $dir/$name") == 0;
		my %bad = map { $_ => 1 }
		    slurp("$scratch/out.txt") =~ /:(\d+):\d+: error/g;
		my @bad = grep {
			my ($from, $to) = map { 1 + (substr($s, 0, $_) =~ tr/\n//) }
			    @{$_->{piece} // [0, 0, 0]}[1, 2];
			$_->{switch} && grep { $bad{$_} } $from .. $to;
		} @changes;
		if (!@bad) {
			print slurp("$scratch/out.txt");
			@bad = grep { $_->{switch} } @changes;
		}
		delete $_->{switch} for @bad;
	}
	die "$file: cannot be compiled with switches\n";
}

# A number from 0 to n - 1, the same for the same seed on every machine.
sub chance {
	my ($n) = @_;
	$state = ($state * 1103515245 + 12345) & 0x7fffffff;
	return ($state >> 8) % $n;
}

# --- running ----------------------------------------------------------------

# Run a program with limits.  Returns its status, or -1 after $seconds, or
# after $cpu seconds of the processor, which others may keep busy.
sub run {
	my ($seconds, $cpu, $dir, @command) = @_;
	my $pid = fork;
	if ($pid == 0) {
		setpgid(0, 0);
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$scratch/out.txt";
		open STDERR, '>&', \*STDOUT;
		$ENV{TMPDIR} = $dir if $dir;
		# What is read before it is written, or written too far, is
		# not right by chance: as under the sanitizers of the tests.
		@ENV{qw(LD_PRELOAD MALLOC_CHECK_ MALLOC_PERTURB_)} =
		    ('libc_malloc_debug.so.0', 3, 165) if $dir;
		# One limit at a time is all that dash takes.
		exec 'sh', '-c', "ulimit -v $MEMORY_MAX; ulimit -f $FILE_MAX;" .
		    " ulimit -c 0; ulimit -t $cpu;" .
		    ' exec "$@"', 'sh', @command;
	}
	my $until = time + $seconds;
	while (waitpid($pid, WNOHANG) == 0) {
		if (time > $until) {
			kill 'KILL', -$pid;
			waitpid $pid, 0;
			return -1;
		}
		select undef, undef, undef, 0.01;
	}
	my $status = $?;
	kill 'KILL', -$pid; # what it may have left behind
	return -1 if ($status & 127) == SIGXCPU || ($status & 127) == SIGKILL;
	return $status;
}

my @programs = sort grep { -x && !/\.d$/ } glob "$build/tests/unit/test_*";
my (%reaches, %takes);
my (%code, %any); # is the line code; the programs that reach the file
@programs = grep { m{([^/]+)$} && $only{$1} } @programs if %only;
$ENV{TEST_BRIEF} = 1 if !$whole;

# Seconds of the processor that programs took which have ended.
sub cpu {
	my (undef, undef, $user, $system) = times;
	return $user + $system;
}

# Which program reaches which line, by a run of each with the true library.
sub survey {
	my ($scratch) = @_;
	mkdir "$build/lines";
	for my $p (@programs) {
		my ($name) = $p =~ m{([^/]+)$};
		my $lines = "$build/lines/$name";
		if (!-e $lines || -M $lines > -M $p ||
		    -M $lines > -M "$build/libcallbook.so") {
			my $raw = "$scratch/raw";
			my $begun = cpu();
			local $ENV{LLVM_PROFILE_FILE} = $raw;
			local $ENV{LD_LIBRARY_PATH} = $build;
			my $status = run($SECONDS_MAX, $SECONDS_MAX,
			    $scratch, $p);
			my $took = cpu() - $begun;
			if ($status != 0) {
				warn "$name: status $status; left out\n";
				next;
			}
			system("llvm-profdata merge -o $raw.data $raw && " .
			    "llvm-cov export --format=lcov " .
			    "--instr-profile=$raw.data " .
			    "$build/libcallbook.so @rooms @ARGV >$raw.new && " .
			    "echo took:$took >>$raw.new && " .
			    "mv $raw.new $lines && rm $raw $raw.data") == 0
			    or die "$name: no coverage\n";
		}
		open my $f, '<', $lines or die "$lines: $!\n";
		my $file;
		while (<$f>) {
			$file = $1 if m{^SF:.*?(lib/.*)$};
			$code{$file}[$1] = 1 if /^DA:(\d+),/;
			push @{$reaches{$file}[$1]}, $name if /^DA:(\d+),[1-9]/;
			$any{$file}{$name} = 1 if /^DA:\d+,[1-9]/;
			$takes{$name} = $1 if /^took:(.*)/;
		}
	}
}

my %kills; # how many changes of a file a program has seen

# The programs that see a line, the most promising first.  A constant of a table
# may be seen by all of its file.
sub programs {
	my ($file, $line) = @_;
	my @names = $code{$file}[$line] ? @{$reaches{$file}[$line] // []}
	    : keys %{$any{$file} // {}};
	my %cost = map {
		$_ => ($takes{$_} + 0.02) / (1 + ($kills{$file}{$_} // 0))
	} @names;
	return sort { $cost{$a} <=> $cost{$b} || $a cmp $b } grep {
		%only ? $only{$_} : $whole || $takes{$_} < $SECONDS_FIRST
	} @names;
}

sub slurp {
	open my $f, '<', $_[0] or die "$_[0]: $!\n";
	local $/;
	return <$f>;
}

# --- the whole --------------------------------------------------------------

END { system 'rm', '-rf', $scratch if $scratch }
$SIG{INT} = $SIG{TERM} = sub { exit 130 };
survey($scratch);

# What compiles an object: the line that make would run.
my %compile;
for my $file (@files) {
	my $object = "$build/$file";
	$object =~ s/c$/o/;
	my ($line) = grep { /-c -o/ } `make -nW $file V=1 BUILD=$build CC=clang CFLAGS='-O0 -fPIC -w -fsanitize=undefined -fsanitize-trap=all' $object 2>/dev/null`;
	die "$file: no rule\n" if !$line;
	$line =~ s/-MMD -MP//;
	$line =~ s/-c -o .*//;
	chomp $line;
	$compile{$file} = $line;
}
# And what links the library: the line with all objects of it.
my ($link) = grep { /-shared/ }
    `make -nW $files[0] V=1 BUILD=$build CC=clang CFLAGS='-O1 -fPIC -fprofile-instr-generate' $build/libcallbook.so 2>/dev/null`;
die "libcallbook.so: no rule\n" if !$link;
chomp $link;
$link =~ s{-o \S+}{-o $scratch/libtrue.so};
$link =~ s{soname,\S+}{soname,libtrue.so} or die "libcallbook.so: no soname\n";
system('sh', '-c', $link) == 0 or die "libtrue.so: does not link\n";

my %equivalent;
if (open my $f, '<', 'tests/mutations/equivalent.txt') {
	while (<$f>) {
		$equivalent{$1} = 1 if /^(lib\S+: .*)$/;
	}
}

# A change by what it says, not by its line, which moves.
my (@all, %seen);
for my $file (@files) {
	my $s = slurp($file);
	for my $c (changes($s)) {
		my ($kind, $from, $n, $new) = @$c;
		my $line = 1 + (substr($s, 0, $from) =~ tr/\n//);
		my $start = 1 + rindex $s, "\n", $from;
		my $end = index $s, "\n", $from + $n;
		my $was = substr $s, $start, $end - $start;
		my $is = $was;
		substr($is, $from - $start, $n) = $new;
		s/\s+/ /g, s/^ | $//g for $was, $is;
		my ($function) = reverse
		    substr($s, 0, $from) =~ /^([a-z_]\w*)\([^;]*?\)\n\{/gms;
		my $key = "$file: " . ($function // '') . ": $was -> $is";
		$key .= ' #' . $seen{$key} if $seen{$key}++;
		push @all, {file => $file, text => $s, kind => $kind, from => $from,
		    n => $n, new => $new, line => $line, key => $key};
	}
}
printf "%d changes of %d files\n", scalar @all, scalar @files;

for (my $i = $#all; $i > 0; $i--) { # Fisher and Yates
	my $j = chance($i + 1);
	@all[$i, $j] = @all[$j, $i];
}
my %known;
if (open my $f, '<', "$build/result.txt") {
	while (<$f>) {
		chomp;
		my ($what, $by, $key) = split /\t/;
		$known{$key} = [$what, $by];
	}
}

@all = grep { $known{$_->{key}} } @all if $again;
splice @all, $sample if !$again && $sample > 0 && $sample < @all;

# The object of a directory, and behind it the true library.
sub link_before {
	my ($dir) = @_;

	run(60, 60, '', 'clang', '-shared', '-Wl,-soname,libcallbook.so',
	    '-Wl,--no-as-needed', '-o', "$dir/libcallbook.so", "$dir/x.o",
	    "$scratch/libtrue.so") == 0 or die "does not link\n";
}

# The object of a file with one change.  Returns whether there is one.
sub compile_alone {
	my ($c, $dir) = @_;
	my $s = $c->{text};
	my ($name) = $c->{file} =~ m{([^/]+)$};
	my ($folder) = $c->{file} =~ m{(.*)/};

	substr($s, $c->{from}, $c->{n}) = $c->{new};
	mkdir $dir;
	open my $f, '>', "$dir/$name" or die "$dir/$name: $!\n";
	print $f $s;
	close $f;
	return run(60, 60, '', 'sh', '-c', "$compile{$c->{file}} -I$folder " .
	    "-c -o $dir/x.o $dir/$name") == 0;
}

# With no change on, all is as ever.
sub check_switched {
	my ($file, $dir) = @_;

	local $ENV{LD_LIBRARY_PATH} = "$dir:$scratch";
	local $ENV{LLVM_PROFILE_FILE} = '/dev/null';
	local $ENV{MUTANT} = 0;
	for my $p (sort keys %{$any{$file} // {}}) {
		next if $takes{$p} >= $SECONDS_FIRST;
		run($SECONDS_MAX, $SECONDS_MAX, $scratch,
		    "$build/tests/unit/$p") == 0
		    or die "$file: $p fails without a change\n";
	}
}

sub try {
	my ($c) = @_;
	my @by = programs($c->{file}, $c->{line});
	return ('unreached', '-') if !@by;
	my $dir = "$scratch/" . ($c->{file} =~ tr{/}{.}r);
	local $ENV{MUTANT} = $c->{switch} // 0;
	if (!$c->{switch}) {
		$dir = "$scratch/lib";
		compile_alone($c, $dir) or return ('uncompiled', '-');
		link_before($dir);
	}
	local $ENV{LD_LIBRARY_PATH} = "$dir:$scratch";
	local $ENV{CMOCKA_TEST_ABORT} = 1; # at the first failure
	local $ENV{LLVM_PROFILE_FILE} = '/dev/null';
	for my $p (@by) {
		my $tmp = "$scratch/tmp";
		mkdir $tmp;
		chmod 01777, $tmp;
		my $cpu = int($SECONDS_MORE + 3 * $takes{$p});
		my $status = run(30 + 10 * $cpu, $cpu, $tmp,
		    "$build/tests/unit/$p");
		rmdir $tmp or system 'rm', '-rf', $tmp;
		$kills{$c->{file}}{$p}++ if $status != 0;
		return ('late', $p) if $status == -1;
		return ('seen', $p) if $status != 0;
	}
	return ('survived', scalar(@by) . ' programs');
}

for my $file (@files) {
	my @mine = grep { $_->{file} eq $file && (!$known{$_->{key}} ||
	    ($again && $known{$_->{key}}[0] =~ /survived|unreached/)) } @all;
	next if !@mine;
	my $dir = "$scratch/" . ($file =~ tr{/}{.}r);
	make_switched($file, $compile{$file}, $dir, @mine);
	link_before($dir);
	check_switched($file, $dir);
	printf "%s: %d of %d changes in one object\n", $file,
	    scalar(grep { $_->{switch} } @mine), scalar @mine;
}

my %table;
my @left;
open my $result, '>>', "$build/result.txt" or die "result.txt: $!\n";
$result->autoflush(1);
$| = 1;
my $count = 0;
for my $c (@all) {
	my $k = $known{$c->{key}};
	my $lost = !$k || $k->[0] eq 'survived' || $k->[0] eq 'unreached';
	my ($what, $by) = $k ? @$k : ();
	if (!$k || ($again && $lost && !$equivalent{$c->{key}})) {
		my ($was, $whose) = ($what, $by);
		($what, $by) = try($c);
		# What was tried before, too, stays tried.
		($what, $by) = ($was, $whose) if $was && $what eq 'unreached';
		print $result "$what\t$by\t$c->{key}\n";
	}
	$count++;
	print "$count/", scalar(@all), " $what $c->{file}:$c->{line}\n"
	    if -t STDOUT || $count % 50 == 0;
	next if $what eq 'uncompiled';
	my $t = $table{$c->{file}} //= {};
	if ($what eq 'survived' || $what eq 'unreached') {
		$what = 'equivalent' if $equivalent{$c->{key}};
		push @left, "$what\t$c->{file}:$c->{line}\t$c->{key}"
		    if $what ne 'equivalent';
	}
	$t->{$what}++;
	$t->{all}++;
}

print "\n$_\n" for sort @left;
printf "\n%-32s %5s %5s %5s %9s %9s %10s\n", 'file', 'all', 'seen', 'late',
    'survived', 'unreached', 'equivalent';
my %sum;
for my $file (sort keys %table) {
	my $t = $table{$file};
	$sum{$_} += $t->{$_} for keys %$t;
	printf "%-32s %5d %5d %5d %9d %9d %10d\n", $file,
	    map { $t->{$_} // 0 }
	    qw(all seen late survived unreached equivalent);
}
my $live = ($sum{survived} // 0) + ($sum{unreached} // 0);
my $counted = ($sum{all} // 0) - ($sum{equivalent} // 0);
printf "%-32s %5d %5d %5d %9d %9d %10d\n", 'all',
    map { $sum{$_} // 0 } qw(all seen late survived unreached equivalent);
printf "%.1f %% of %d changes survive\n",
    $counted ? 100 * $live / $counted : 0, $counted;
