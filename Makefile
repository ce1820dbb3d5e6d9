# Callbook.  `make run` shows it, `make test` proves it, `make` builds it.
#
# CC, CFLAGS, LDFLAGS and BUILD are the user's; nothing is written outside
# $(BUILD), save the receiver in cgi-bin/, which is what a host serves.

CC ?= cc
CFLAGS ?= -O2 -g
BUILD ?= build

VERSION = 0.1.0
STD = -std=c11 -D_POSIX_C_SOURCE=200809L
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wcast-qual -Wvla \
	-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2
PKGS = fcgi json-c sqlite3 libcrypto inih zlib
OURS = $(STD) $(WARN) -Ilib -DCALLBOOK_VERSION='"$(VERSION)"' -pthread
LIBS = $(shell pkg-config --libs $(PKGS)) -pthread

LIB_SRC := $(wildcard lib/*/*.c)
DEFINITIONS := $(sort $(wildcard lib/provider/definitions/*.json))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/lib/provider/builtin.o
RECEIVER_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/receiver/*.c))
ADMIN_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/admin/*.c))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT := $(UNIT_SRC:%.c=$(BUILD)/%)

all: programs cgi-bin/callbook.fcgi

programs: $(BUILD)/callbook.fcgi $(BUILD)/callbook

cgi-bin/callbook.fcgi: $(BUILD)/callbook.fcgi
	install -m 0755 $< $@

$(BUILD)/libcallbook.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $(LIB_OBJ)

$(BUILD)/callbook.fcgi: $(RECEIVER_OBJ) $(BUILD)/libcallbook.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/callbook: $(ADMIN_OBJ) $(BUILD)/libcallbook.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) \
	    $$(pkg-config --libs libcurl)

# The definitions as bytes of a C array: NAME, text, length.
$(BUILD)/lib/provider/builtin.c: $(DEFINITIONS) lib/provider/embed.sh
	@mkdir -p $(@D)
	sh lib/provider/embed.sh $(DEFINITIONS) >$@.tmp && mv $@.tmp $@

$(BUILD)/lib/provider/builtin.o: $(BUILD)/lib/provider/builtin.c
	$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: tests/unit/test_%.c $(BUILD)/libcallbook.a
	@mkdir -p $(@D)
	$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -MMD -MP \
	    -DTEST_DATA='"$(CURDIR)/tests/data"' -o $@ $< \
	    $(BUILD)/libcallbook.a $(LIBS) $$(pkg-config --libs cmocka)

unit: $(UNIT)
	@for t in $(UNIT); do echo "$$t"; $$t || exit 1; done

format:
	clang-format -i lib/*/*.[ch] src/*/*.[ch] tests/unit/*.[ch]

clean:
	rm -rf $(BUILD) cgi-bin/callbook.fcgi

.PHONY: all programs unit format clean
.SECONDARY:

-include $(LIB_OBJ:.o=.d) $(RECEIVER_OBJ:.o=.d) $(ADMIN_OBJ:.o=.d) $(UNIT:=.d)
