# Callbook.  `make run` shows it, `make test` proves it, `make` builds it.
#
# CC, CFLAGS, LDFLAGS and BUILD are the user's; nothing is written outside
# $(BUILD), save the programs in cgi-bin/, which is what a host serves.

CC ?= cc
CFLAGS ?= -O2 -g
BUILD ?= build
PREFIX ?= /usr/local
KILLS ?= 1000
# What compiles more than a program does so on every processor, unless who
# called make has said on how many.
MAKE_ALL = $(MAKE) $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
# `make V=1` shows the commands.
Q = $(if $(V),,@)

VERSION = 0.1.0
STD = -std=c11 -D_POSIX_C_SOURCE=200809L
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wvla \
	-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2
PKG_CONFIG ?= pkg-config
# A build without libpq has no PostgreSQL, and says so to who names one.
LIBPQ := $(shell $(PKG_CONFIG) --exists libpq 2>/dev/null && echo libpq)
PKGS = fcgi sqlite3 libcrypto inih zlib $(LIBPQ)
# And one without libxlsxwriter no files of Excel; of the report alone.
XLSX := $(shell $(PKG_CONFIG) --exists xlsxwriter 2>/dev/null && \
	echo xlsxwriter)
# The programs that a web server runs; src/FOLDER of each is a rule below.
CGI = callbook.fcgi report.cgi
OURS = $(STD) $(WARN) -Ilib -Isrc -DCALLBOOK_VERSION='"$(VERSION)"' -pthread \
	$(if $(filter no,$(CONFINE)),-DWITHOUT_CONFINE) \
	$(if $(LIBPQ),$(shell $(PKG_CONFIG) --cflags libpq),-DWITHOUT_LIBPQ) \
	$(if $(XLSX),$(shell $(PKG_CONFIG) --cflags xlsxwriter),-DWITHOUT_XLSX)
LIBS = $(shell $(PKG_CONFIG) --libs $(PKGS)) -pthread
PAGES_LIBS = $(if $(XLSX),$(shell $(PKG_CONFIG) --libs xlsxwriter)) -lm
CURL_LIBS = $$($(PKG_CONFIG) --libs libcurl)
# CONFINE=no: programs that are not bounded by the kernel (lib/base/confine.h).
CONFINE ?= yes
# Libraries by the names of pkg-config; `make portable` does without libcurl.
NEEDS = $(PKGS) $(if $(strip $(CURL_LIBS)),libcurl)

# The Debian packages, each named once; README.md says what each is for.
DEPS_build = gcc libc6-dev pkg-config libfcgi-dev \
	libsqlite3-dev libssl-dev libinih-dev zlib1g-dev libcurl4-openssl-dev \
	libpq-dev libxlsxwriter-dev gettext
DEPS_run = $(DEPS_build) lighttpd openssl curl jq tzdata
DEPS_test = $(DEPS_run) libcmocka-dev libjson-c-dev bats sqlite3 spawn-fcgi \
	strace valgrind libc6-dbg clang libclang-rt-14-dev chromium firefox-esr \
	webkit2gtk-driver xvfb fonts-noto-core fonts-ipafont-gothic \
	fonts-noto-color-emoji $(DEPS_deb) systemd apache2 \
	libapache2-mod-fcgid nginx-light perl libreoffice-calc postgresql \
	$(if $(shell command -v npm 2>/dev/null),,nodejs npm)
DEPS_deb = $(DEPS_build) build-essential debhelper lintian
DEPS_clean = $(DEPS_deb) debootstrap systemd-container
DEPS_bench = $(DEPS_run) libjson-c-dev apache2-bin libapache2-mod-fcgid \
	php-fpm php-cli php-sqlite3 webhook wrk sqlite3 postgresql spawn-fcgi \
	strace g++ make python3 \
	$(if $(shell command -v npm 2>/dev/null),,nodejs npm libnode-dev)
# What `make mutations` and `make fuzz-coverage` tell coverage by.
DEPS_fuzz = $(DEPS_test) llvm
DEPS_lint = $(DEPS_build) libcmocka-dev libjson-c-dev clang clang-tidy \
	clang-format cppcheck shellcheck mandoc postgresql sqlite3

LIB_SRC := $(filter-out $(if $(LIBPQ),,lib/db/postgres/%), \
	$(wildcard lib/*/*.c lib/*/*/*.c))
DEFINITIONS := $(sort $(wildcard lib/provider/definitions/*.json))
DEMO := $(sort $(wildcard src/admin/demo/*.json))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/lib/provider/builtin.o
RECEIVER_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/receiver/*.c))
REPORT_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/report/*.c)) \
	$(BUILD)/src/report/style_file.o $(BUILD)/src/report/language_file.o
# All of it but main(): `callbook report` writes the same pages.
PAGES_OBJ = $(filter-out %/main.o,$(REPORT_OBJ))
ADMIN_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/admin/*.c)) \
	$(BUILD)/src/admin/demo_files.o
# Catalogues of the report's words: each of them is offered, so each is whole.
WORDS := $(sort $(wildcard src/report/words/*.po))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)
# Of the others the thread sanitizer could tell nothing; tests/run knows too.
THREADED = $(shell grep -l pthread_create $(UNIT_SRC))

ASAN = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
TSAN = -O1 -g -fsanitize=thread

all: programs $(CGI:%=cgi-bin/%)

programs: $(CGI:%=$(BUILD)/%) $(BUILD)/callbook

# Modes are set, whatever the umask: suEXEC runs nothing that others can write.
$(CGI:%=cgi-bin/%): cgi-bin/%: $(BUILD)/%
	@install -d -m 0755 $(@D)
	@install -m 0755 $< $@

$(BUILD)/libcallbook.a: $(LIB_OBJ)
	@rm -f $@
	$(Q)$(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/callbook.fcgi: $(RECEIVER_OBJ) $(BUILD)/libcallbook.a
	@echo '  LD $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/report.cgi: $(REPORT_OBJ) $(BUILD)/libcallbook.a
	@echo '  LD $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(PAGES_LIBS)

$(BUILD)/callbook: $(ADMIN_OBJ) $(PAGES_OBJ) $(BUILD)/libcallbook.a
	@echo '  LD $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) \
	    $(CURL_LIBS) $(PAGES_LIBS)

# Files as bytes of a C array: a table of embedded.h.
$(BUILD)/lib/provider/builtin.c: $(DEFINITIONS) lib/base/embed.sh
	@mkdir -p $(@D)
	$(Q)sh lib/base/embed.sh builtin_definition $(DEFINITIONS) \
	    >$@.tmp && mv $@.tmp $@

$(BUILD)/src/admin/demo_files.c: $(DEMO) lib/base/embed.sh
	@mkdir -p $(@D)
	$(Q)sh lib/base/embed.sh demo_file $(DEMO) >$@.tmp && mv $@.tmp $@

# Its name holds the hash of its content, for caches and for the CSP.
$(BUILD)/src/report/style_file.c: src/report/style.css lib/base/embed.sh
	@mkdir -p $(@D)
	$(Q)rm -f $(@D)/style-*.css; \
	    hash=$$(sha256sum $<) && hash=$${hash%% *} && \
	    cp $< $(@D)/style-$$hash.css && \
	    sh lib/base/embed.sh style_file $(@D)/style-$$hash.css >$@.tmp && \
	    mv $@.tmp $@

$(BUILD)/%.mo: %.po | needs
	@mkdir -p $(@D)
	$(Q)msgfmt --check-format --check-domain --no-hash -o $@ $<

$(BUILD)/src/report/language_file.c: $(WORDS:%.po=$(BUILD)/%.mo) \
	lib/base/embed.sh
	@mkdir -p $(@D)
	$(Q)sh lib/base/embed.sh language_file $(filter %.mo,$^) >$@.tmp && \
	    mv $@.tmp $@

$(BUILD)/%.o: $(BUILD)/%.c | needs
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.c | needs
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# --- tests ------------------------------------------------------------------

LIBCALLBOOK ?= $(BUILD)/libcallbook.a

$(BUILD)/tests/unit/test_%: tests/unit/test_%.c $(LIBCALLBOOK)
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP \
	    -DTEST_DATA='"$(CURDIR)/tests/data"' -o $@ $< $(filter %.o,$^) \
	    $(LIBCALLBOOK) $(LIBS) $(TEST_LIBS) -lm \
	    $$(pkg-config --libs cmocka json-c)

# These have files of the pages in them, which have words.
$(addprefix $(BUILD)/tests/unit/test_,headline params text export): \
	$(BUILD)/src/report/language.o $(BUILD)/src/report/language_file.o

# It has one file of the pages in it, and the others beside it.
$(addprefix $(BUILD)/tests/unit/test_,excel damaged): TEST_LIBS = $(PAGES_LIBS)
$(BUILD)/tests/unit/test_excel: $(filter-out %/excel.o,$(PAGES_OBJ))
# It has all of them.
$(BUILD)/tests/unit/test_damaged: $(PAGES_OBJ)

# The unit programs of which one object can be exchanged: see mutations.
$(BUILD)/libcallbook.so: $(LIB_OBJ)
	$(Q)$(CC) -shared -Wl,-soname,$(@F) $(CFLAGS) -o $@ $^ $(LIBS) -lm

# The load generator of the tests: signed events over many connections.
$(BUILD)/tests/post: tests/web/post.c | needs
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< \
	    $$(pkg-config --libs libcurl libcrypto) -pthread

# The report with one more language, in which all that is in a catalogue stands
# in brackets: what does not is in none.
$(BUILD)/tests/pseudo.po: tests/web/pseudo.pl src/report/words/collect.sh \
	$(wildcard src/report/*.c)
	@mkdir -p $(@D)
	$(Q)src/report/words/collect.sh $(@:.po=.pot) && \
	    perl tests/web/pseudo.pl <$(@:.po=.pot) >$@
$(BUILD)/tests/pseudo/de.mo: $(BUILD)/tests/pseudo.po
	@mkdir -p $(@D)
	$(Q)msgfmt --check-format --no-hash -o $@ $<
$(BUILD)/tests/pseudo/language_file.c: $(BUILD)/tests/pseudo/de.mo
	$(Q)sh lib/base/embed.sh language_file $< >$@
$(BUILD)/tests/pseudo/report.cgi: $(BUILD)/tests/pseudo/language_file.o \
	$(filter-out %/language_file.o,$(REPORT_OBJ)) $(BUILD)/libcallbook.a
	@echo '  LD $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(PAGES_LIBS)

# A program that answers in pieces: what do servers make of it?
$(BUILD)/tests/stream: tests/web/stream.c $(BUILD)/libcallbook.a
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP -o $@ $< \
	    $(BUILD)/libcallbook.a $(LIBS)

# What is loaded into a program of ours: the n-th allocation or request to the
# disk fails; what can be reached from inside?
$(BUILD)/tests/%.so: tests/%.c | needs
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -fPIC -shared -o $@ $<

$(BUILD)/tests/fault/%: tests/fault/%.c $(BUILD)/libcallbook.a
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP \
	    -DTEST_DATA='"$(CURDIR)/tests/data"' -o $@ $(filter %.c,$^) \
	    $(BUILD)/libcallbook.a $(LIBS)

$(BUILD)/tests/fault/nth: tests/fault/nth_files.c tests/fault/nth_shapes.c \
	tests/fault/nth.h

unit: $(UNIT)
	@for t in $(UNIT); do echo "$$t"; $$t || exit 1; done

unit-programs: $(UNIT)

asan: deps-test
	+$(MAKE_ALL) BUILD=$(BUILD)/asan CFLAGS='$(ASAN)' programs unit-programs

plain: deps-test
	+$(MAKE_ALL) BUILD=$(BUILD)/plain CFLAGS='-O2 -g' programs unit-programs \
	    $(BUILD)/plain/tests/post $(BUILD)/plain/tests/stream \
	    $(BUILD)/plain/tests/pseudo/report.cgi \
	    $(BUILD)/plain/tests/fault/nth \
	    $(BUILD)/plain/tests/fault/power \
	    $(BUILD)/plain/tests/fault/fail.so \
	    $(BUILD)/plain/tests/fault/clock.so \
	    $(BUILD)/plain/tests/fault/kill.so \
	    $(BUILD)/plain/tests/web/inside.so \
	    $(BUILD)/plain/tests/bench/one_event \
	    $(BUILD)/plain/tests/bench/rows/one_event

tsan: deps-test
	+$(MAKE_ALL) BUILD=$(BUILD)/tsan CFLAGS='$(TSAN)' \
	    $(THREADED:%.c=$(BUILD)/tsan/%)

# What users and platforms would use themselves, to check with.
$(BUILD)/npm/node_modules: tests/package.json tests/package-lock.json
	@mkdir -p $(@D)
	cp tests/package.json tests/package-lock.json $(@D)
	cd $(@D) && npm ci --no-audit --no-fund && touch node_modules

# Bytes from outside, made up by libFuzzer, which is clang's: one program for
# each reader of them.
FUZZ = -O1 -g -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_COVERAGE = -O1 -g -fsanitize=fuzzer-no-link -fprofile-instr-generate \
	-fcoverage-mapping
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
SECONDS ?= 60

$(BUILD)/tests/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/libcallbook.a
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) \
	    -MMD -MP -DTEST_DATA='"$(CURDIR)/tests/data"' -o $@ $< \
	    $(filter %.o,$^) $(BUILD)/libcallbook.a $(LIBS) $(PAGES_LIBS)

$(BUILD)/tests/fuzz/fuzz_page: $(PAGES_OBJ)

fuzz-programs: deps-test
	+$(MAKE_ALL) BUILD=$(BUILD)/fuzz CC=clang CFLAGS='$(FUZZ)' \
	    $(FUZZERS:%=$(BUILD)/fuzz/tests/fuzz/%)

# Each for SECONDS, two at once, from the kept corpora on; ONLY=json for one.
# What is found stays in $(BUILD)/fuzz/work.
fuzz: fuzz-programs
	SECONDS_EACH=$(SECONDS) tests/fuzz/run.sh long $(BUILD)/fuzz $(ONLY)

# Take what `make fuzz` found into tests/data/fuzz, as little as covers it all.
fuzz-keep: fuzz-programs
	tests/fuzz/run.sh keep $(BUILD)/fuzz $(ONLY)

# Which lines of lib the kept corpora reach, by file.
fuzz-coverage: deps-fuzz
	+$(MAKE_ALL) BUILD=$(BUILD)/coverage CC=clang CFLAGS='$(FUZZ_COVERAGE)' \
	    $(FUZZERS:%=$(BUILD)/coverage/tests/fuzz/%)
	tests/fuzz/run.sh coverage $(BUILD)/coverage

# Change the code in small ways, and tell which changes no unit test sees.
# CHANGES=300 SEED=2 ONLY=lib/store/pack.c: how many, which ones, of what.
mutations: deps-fuzz
	+$(MAKE_ALL) BUILD=$(BUILD)/mutations CC=clang \
	    LIBCALLBOOK=$(BUILD)/mutations/libcallbook.so CFLAGS='-O1 -fPIC \
	    -fprofile-instr-generate -fcoverage-mapping' unit-programs
	SAMPLE=$(CHANGES) SEED=$(SEED) tests/mutations/run.pl \
	    $(BUILD)/mutations $(ONLY)

# As needed: what a program does not use must not cost it a load.
$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libcallbook.a
	@mkdir -p $(@D)
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -Wl,--as-needed $(LDFLAGS) \
	    -MMD -MP -DTEST_DATA='"$(CURDIR)/tests/data"' -o $@ $< \
	    $(BUILD)/libcallbook.a $(LIBS) $$(pkg-config --libs json-c)

# What is measured beside Callbook; one module is compiled here.  The headers
# of node are where its package manager put them.
$(BUILD)/peers/node_modules: tests/bench/peers/package.json \
	tests/bench/peers/package-lock.json
	@mkdir -p $(@D)
	cp tests/bench/peers/package.json tests/bench/peers/package-lock.json \
	    $(@D)
	cd $(@D) && npm_config_build_from_source=true npm_config_nodedir=$$(node \
	    -p 'require("path").resolve(process.execPath, "../..")') \
	    npm ci --no-audit --no-fund && touch node_modules

BENCH = $(patsubst tests/bench/%.c,$(BUILD)/plain/tests/bench/%, \
	$(wildcard tests/bench/*.c)) $(BUILD)/plain/tests/bench/rows/rows

# The receiver with a store that keeps rows of events and nothing else.
$(BUILD)/tests/bench/rows/rows: $(BUILD)/tests/bench/rows/rows.o \
	$(RECEIVER_OBJ) $(BUILD)/libcallbook.a
	@echo '  LD $@'
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The same store in the program that counts instructions.
$(BUILD)/tests/bench/rows/one_event: tests/bench/one_event.c \
	$(BUILD)/tests/bench/rows/rows.o $(BUILD)/libcallbook.a
	@echo '  CC $<'
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -Wl,--as-needed $(LDFLAGS) \
	    -MMD -MP -o $@ $^ $(LIBS)

# PARTS='lighttpd apache' measures those alone (tests/bench/bench.mjs has
# their names); ROUNDS=, EVENTS= of a round, and GROWTH=, the calls in the
# largest store, make it shorter.  The table stays in $(BUILD)/bench.
bench: deps-bench $(BUILD)/peers/node_modules
	+$(MAKE_ALL) BUILD=$(BUILD)/plain CFLAGS='-O2 -g' programs $(BENCH)
	node tests/bench/bench.mjs $(BUILD) $(PARTS)

# Take the number of instructions as it is now for what it should be.
instructions-accept: plain
	tests/bench/instructions.sh $(BUILD)/plain >tests/bench/instructions.txt
	cat tests/bench/instructions.txt

# ONLY='web fault/crash' runs those jobs alone.
test: asan plain tsan fuzz-programs $(BUILD)/npm/node_modules
	@tests/run $(BUILD) $(ONLY)

# What README.md shows, made by the tests of the pages.
picture: asan plain $(BUILD)/npm/node_modules
	@tests/run $(BUILD) browser
	cp $(BUILD)/screens/picture.png src/report/overview.png

valgrind: plain
	@tests/run $(BUILD) valgrind

# In rounds, each with a store of its own: what sends has a million events.
crash: plain
	@left=$(KILLS); while [ $$left -gt 0 ]; do \
	    KILLS=$$((left > 250 ? 250 : left)) tests/run $(BUILD) fault/crash \
	    fault/spool || exit 1; left=$$((left - 250)); done

# Every fault, where `make test` tries some: hours.  ONLY=power/ or ONLY=page/
# makes them few: the names that the programs of tests/fault write begin so.
# POINTS= is how often the power fails in each load.
faults: plain
	POINTS=$(POINTS) tests/fault/all.sh $(BUILD)/plain $(ONLY)

lint: deps-lint programs
	@BUILD=$(BUILD) tests/lint.sh $(OURS)

# Of it the statements of SQL alone.
lint-sql: deps-lint programs
	@tests/sql.sh $(BUILD) $(OURS)

# Collect the texts of the report's pages into its catalogues.
po:
	@src/report/words/collect.sh

run: deps-run
	+@$(MAKE_ALL) --no-print-directory programs
	@tests/demo/run $(BUILD)

format: deps-lint
	clang-format -i lib/*/*.[ch] lib/*/*/*.[ch] src/*/*.[ch] tests/*/*.[ch]

# --- a host without our libraries --------------------------------------------

# $(BUILD)/portable is ready for upload: static programs that need nothing but
# the kernel, without libcurl.  The linker's warnings about name services do
# not matter, as no names are looked up, and no library is loaded at run time.
PORTABLE = $(BUILD)/portable

portable:
	+$(MAKE_ALL) BUILD=$(BUILD)/static PKG_CONFIG='pkg-config --static' \
	    CPPFLAGS='$(CPPFLAGS) -DWITHOUT_CURL' CURL_LIBS= \
	    LIBPQ= XLSX= \
	    CFLAGS='-O2 -ffunction-sections -fdata-sections' \
	    LDFLAGS='-static -s -Wl,--gc-sections,--no-warnings' programs
	rm -rf $(PORTABLE)
	install -d -m 0755 $(PORTABLE) $(PORTABLE)/bin $(PORTABLE)/cgi-bin
	install -m 0755 $(CGI:%=$(BUILD)/static/%) $(PORTABLE)/cgi-bin
	install -m 0755 $(BUILD)/static/callbook $(PORTABLE)/bin
	[ ! -e cgi-bin/.htaccess ] || \
	    install -m 0644 cgi-bin/.htaccess $(PORTABLE)/cgi-bin
# For a host, or a locked account, that has no database of time zones.
	cp -RL /usr/share/zoneinfo $(PORTABLE)/zoneinfo
	rm -rf $(PORTABLE)/zoneinfo/posix $(PORTABLE)/zoneinfo/right

# --- installing ----------------------------------------------------------------

# Programs that a web server runs by plain CGI must lie where it looks, so they
# have the place that the FHS and Debian give them.  The configuration and the
# store are where callbook.conf(5) says, whatever PREFIX is.
CGIDIR ?= $(PREFIX)/lib/cgi-bin/callbook
SYSCONFDIR ?= /etc/callbook
STATEDIR ?= /var/lib/callbook
UNITDIR ?= $(PREFIX)/lib/systemd/system
# Who connects to the sockets.
WEBUSER ?= www-data
DOCDIR = $(PREFIX)/share/doc/callbook
MANDIR = $(PREFIX)/share/man
PACKAGING = src/packaging
# Something to send, for trying an installation.
SAMPLE = tests/data/providers/formantai/call.completed.json
UNIT_callbook.fcgi = callbook
UNIT_report.cgi = callbook-report
UNITS = $(foreach p,$(CGI),$(foreach i,$(UNIT_$p) $(UNIT_$p)@,\
	$i.socket $i.service)) $(foreach i,callbook-tend callbook-tend@,\
	$i.service $i.timer)

# The units of one program, plain and for each of several configurations; made
# again each time, as the places they name are the user's.
$(BUILD)/systemd/%: FORCE
	@mkdir -p $(@D)
	$(Q)CGIDIR=$(CGIDIR) BINDIR=$(PREFIX)/bin WEBUSER=$(WEBUSER) \
	    $(PACKAGING)/systemd/units.sh $* >$@.tmp && mv $@.tmp $@

units: $(UNITS:%=$(BUILD)/systemd/%)

# Every file that is installed: MODE, where from, where to; what the local
# administrator edits is not among them.
define INSTALLED
$(foreach p,$(CGI),0755 $(BUILD)/$p $(CGIDIR)/$p)
0755 $(BUILD)/callbook $(PREFIX)/bin/callbook
$(foreach m,$(wildcard src/man/*.[1578]),0644 $m \
	$(MANDIR)/man$(subst .,,$(suffix $m))/$(notdir $m))
$(foreach a,$(wildcard apache/*),0644 $a $(DOCDIR)/examples/$(notdir $a))
0644 $(PACKAGING)/callbook.conf $(DOCDIR)/examples/callbook.conf
0644 $(SAMPLE) $(DOCDIR)/examples/$(notdir $(SAMPLE))
$(foreach u,$(UNITS),0644 $(BUILD)/systemd/$u $(UNITDIR)/$u)
0644 $(PACKAGING)/systemd/sysusers.conf $(PREFIX)/lib/sysusers.d/callbook.conf
0644 $(PACKAGING)/systemd/tmpfiles.conf $(PREFIX)/lib/tmpfiles.d/callbook.conf
endef

install: programs units
	@set -- $(strip $(INSTALLED)); while [ $$# -gt 0 ]; do \
	    echo "$(DESTDIR)$$3"; \
	    install -D -m "$$1" "$$2" "$(DESTDIR)$$3" || exit 1; shift 3; done
	install -d -m 0755 $(DESTDIR)$(SYSCONFDIR)
	[ -e $(DESTDIR)$(SYSCONFDIR)/callbook.conf ] || install -m 0644 \
	    $(PACKAGING)/callbook.conf $(DESTDIR)$(SYSCONFDIR)

# Leaves the configuration, if it was edited, and the store.
uninstall:
	@set -- $(strip $(INSTALLED)); while [ $$# -gt 0 ]; do \
	    rm -f "$(DESTDIR)$$3" || exit 1; shift 3; done
	cmp -s $(PACKAGING)/callbook.conf \
	    $(DESTDIR)$(SYSCONFDIR)/callbook.conf && \
	    rm $(DESTDIR)$(SYSCONFDIR)/callbook.conf || :
	rmdir $(DESTDIR)$(SYSCONFDIR) $(DESTDIR)$(CGIDIR) \
	    $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(DOCDIR) 2>/dev/null || :

# A Debian package, in $(BUILD)/deb.
deb: deps-deb
	SAMPLE=$(SAMPLE) $(PACKAGING)/deb.sh $(VERSION) $(BUILD)/deb

# From a bare Apache to the first stored event, in a Debian of its own; needs
# root and the network.
test-clean: deps-clean deb
	tests/packaging/clean-apache.sh $(BUILD)/deb/callbook_$(VERSION)_*.deb

# A build installs nothing: it names what is missing and who installs that.
needs:
	@command -v $(firstword $(CC)) >/dev/null && \
	    command -v msgfmt >/dev/null && \
	    $(PKG_CONFIG) --exists $(NEEDS) 2>/dev/null && exit; \
	command -v msgfmt >/dev/null || missing="$$missing msgfmt"; \
	command -v $(firstword $(CC)) >/dev/null || \
	    missing="$$missing $(firstword $(CC))"; \
	if command -v $(firstword $(PKG_CONFIG)) >/dev/null; then \
	    for p in $(NEEDS); do $(PKG_CONFIG) --exists $$p || \
	        missing="$$missing $$p"; done; \
	else missing="$$missing $(firstword $(PKG_CONFIG))"; fi; \
	echo "Missing for the build:$$missing." >&2; \
	echo 'To install it, run: make deps' >&2; exit 1

# Installs what is missing, and is quick and silent if nothing is.
HAVE = $(shell dpkg-query -W -f '$${db:Status-Abbrev}$${Package}\n' \
	2>/dev/null | sed -n 's/^ii *//p')

# What a build needs; `make run` and `make test` install for themselves.
deps: deps-build

deps-build deps-run deps-test deps-fuzz deps-lint deps-bench deps-deb deps-clean: deps-%:
	@missing='$(strip $(filter-out $(HAVE),$(DEPS_$*)))'; \
	[ -n "$$missing" ] || exit 0; \
	if ! command -v apt-get >/dev/null; then \
	    echo "Not a Debian system; needed, by their names there:" \
	        "$$missing" >&2; exit 0; \
	fi; \
	root=; if [ "$$(id -u)" != 0 ]; then root=sudo; \
	    command -v sudo >/dev/null || { \
	    echo "Please have root run: apt-get install $$missing" >&2; \
	    exit 1; }; fi; \
	echo "Installing: $$missing"; \
	$$root apt-get -q update; \
	$$root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
	    --no-install-recommends $$missing || { \
	    echo "Could not install: $$missing" >&2; exit 1; }

clean:
	rm -rf $(BUILD) $(CGI:%=cgi-bin/%)

.PHONY: all programs unit unit-programs asan plain tsan fuzz fuzz-programs \
	fuzz-keep fuzz-coverage mutations bench test picture valgrind crash \
	faults lint lint-sql po run format clean portable units install \
	uninstall deb test-clean FORCE needs deps deps-build deps-run \
	deps-test deps-fuzz deps-lint deps-bench deps-deb deps-clean
.SECONDARY:

-include $(LIB_OBJ:.o=.d) $(RECEIVER_OBJ:.o=.d) $(ADMIN_OBJ:.o=.d) \
	$(REPORT_OBJ:.o=.d) \
	$(UNIT:=.d) $(BUILD)/tests/post.d $(BUILD)/tests/stream.d \
	$(wildcard $(BUILD)/tests/fuzz/*.d $(BUILD)/tests/bench/*.d \
	$(BUILD)/tests/bench/rows/*.d \
	$(BUILD)/tests/fault/*.d)
