# make          builds canvass, canvass-relay and canvass-sim into build/release
# make demo     installs what is missing, makes the demo world, opens the console
# make test     everything CI runs
# MODE          release (default), asan, tsan, debug;   CC gcc or clang
MODE ?= release
V ?= 0
Q = $(if $(filter 0,$(V)),@)
BUILD ?= build/$(MODE)
PREFIX ?= /usr/local
DESTDIR ?=

VERSION := $(shell sed -n 's/^## \([0-9][^ ]*\).*/\1/p' CHANGELOG.md 2>/dev/null | head -n 1)
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wformat=2 -Wundef -Wvla \
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wcast-qual \
  -Wpointer-arith -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
# Fixed-size texts (errors, names for people) are cut on purpose; text_copy() tells where it matters.
ifeq ($(findstring clang,$(CC)),)
WARN += -Wno-format-truncation
endif
# Warnings stop the build in a working tree, not in a release tarball.
WERROR ?= $(if $(wildcard .git),1,0)
ifeq ($(WERROR),1)
WARN += -Werror
endif
FLAGS_release = -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FLAGS_debug = -O0 -g3
FLAGS_asan = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
FLAGS_tsan = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
LINK_release = -pie -Wl,-z,relro,-z,now
ALL_CPPFLAGS = -D_GNU_SOURCE -DCANVASS_VERSION='"$(or $(VERSION),unreleased)"' -Isrc -MMD -MP $(CPPFLAGS)
ALL_CFLAGS = -std=c17 -fPIE -pthread $(WARN) $(FLAGS_$(MODE)) $(CFLAGS)
ALL_LDFLAGS = -pthread $(filter -fsanitize=%,$(FLAGS_$(MODE))) $(LINK_$(MODE)) $(LDFLAGS)

# as needed: only canvass writes XLSX
CORE_LIBS = -lsqlite3 -ljansson -lyaml -lcrypto -lm -Wl,--as-needed -lxlsxwriter -Wl,--no-as-needed
PG_CFLAGS ?= -I$(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)
NET_LIBS = -lcurl -lpq
UI_LIBS = -lncursesw -ltinfo
SERVE_LIBS = -lmicrohttpd

src_of = $(sort $(wildcard $(addsuffix /*.c,$(1)) $(addsuffix /*/*.c,$(1))))
obj_of = $(patsubst %.c,$(BUILD)/%.o,$(1))
CORE_SRC := $(call src_of,src/core)
NET_SRC := $(call src_of,src/net)
UI_SRC := $(call src_of,src/ui)
CLI_SRC := $(call src_of,src/cli)
SERVE_SRC := $(call src_of,src/serve)
RELAY_SRC := $(call src_of,src/relay)
SIM_SRC := $(call src_of,src/sim)
EMBEDDED := $(sort $(shell find data themes -type f 2>/dev/null))

PROGRAMS := $(addprefix $(BUILD)/,$(if $(wildcard src/main.c),canvass) \
  $(if $(wildcard src/relay/main.c),canvass-relay) $(if $(wildcard src/sim/main.c),canvass-sim))

.PHONY: all demo test unit lint bench bench-programs bench-relay bench-postgres chaos fuzz scan install install-units clean deps format
all: $(PROGRAMS)

# --- objects and archives
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<
# the loops over columns: vectorised
$(BUILD)/src/core/index/bits.o: ALL_CFLAGS += $(if $(filter release,$(MODE)),-O3)
$(BUILD)/src/net/%.o $(BUILD)/tests/unit/net/%.o $(BUILD)/tests/fuzz/%.o: ALL_CPPFLAGS += $(PG_CFLAGS)
$(BUILD)/embed.c: scripts/embed.sh $(EMBEDDED)
	@mkdir -p $(@D)
	$(Q)sh scripts/embed.sh $(EMBEDDED) > $@.tmp && mv $@.tmp $@
$(BUILD)/embed.o: $(BUILD)/embed.c
	$(Q)$(CC) -D_GNU_SOURCE -Isrc -std=gnu17 -fPIE -O1 -c -o $@ $<
define archive
$(BUILD)/lib$(1).a: $(call obj_of,$(2)) $(3)
	@rm -f $$@
	@$(AR) rcs $$@ $$^
endef
$(eval $(call archive,core,$(CORE_SRC),$(BUILD)/embed.o))
$(eval $(call archive,net,$(NET_SRC)))
$(eval $(call archive,ui,$(UI_SRC)))
$(eval $(call archive,cli,$(CLI_SRC)))
$(eval $(call archive,serve,$(SERVE_SRC)))
# relay and sim without their main.c, so that tests can link them
$(eval $(call archive,relay,$(filter-out src/relay/main.c,$(RELAY_SRC))))
$(eval $(call archive,sim,$(filter-out src/sim/main.c,$(SIM_SRC))))

$(BUILD)/canvass: $(BUILD)/src/main.o $(BUILD)/libui.a $(BUILD)/libcli.a $(BUILD)/libnet.a $(BUILD)/libcore.a
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(NET_LIBS) $(CORE_LIBS) $(UI_LIBS)
$(BUILD)/canvass-relay: $(BUILD)/src/relay/main.o $(BUILD)/librelay.a $(BUILD)/libserve.a $(BUILD)/libcore.a
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SERVE_LIBS) $(CORE_LIBS)
$(BUILD)/canvass-sim: $(BUILD)/src/sim/main.o $(BUILD)/libsim.a $(BUILD)/libserve.a $(BUILD)/libcore.a
	@echo "  LD $@"
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SERVE_LIBS) $(NET_LIBS) $(CORE_LIBS)

# --- unit tests: tests/unit/<part>/.../test_*.c links that part and core, nothing else
UNIT_SRC := $(sort $(shell find tests/unit -name 'test_*.c' 2>/dev/null))
UNIT_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(UNIT_SRC))
UNIT_HELP_SRC := $(sort $(shell find tests/unit -name '*.c' ! -name 'test_*.c' 2>/dev/null))
UNIT_HELP := $(call obj_of,$(UNIT_HELP_SRC))
TEST_CPP = -Itests/unit -DTEST_FIXTURES='"tests/fixture"'
$(BUILD)/tests/unit/%.o $(UNIT_HELP): ALL_CPPFLAGS += $(TEST_CPP)
# an archive: a test gets only the helpers that it names
$(eval $(call archive,unithelp,$(UNIT_HELP_SRC)))
define unit_rule
$(BUILD)/tests/unit/$(1)/%: $(BUILD)/tests/unit/$(1)/%.o $(BUILD)/libunithelp.a $(addprefix $(BUILD)/lib,$(addsuffix .a,$(2) core))
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ -lcmocka $(3) $$(CORE_LIBS)
endef
$(eval $(call unit_rule,core,))
$(eval $(call unit_rule,net,net,$(NET_LIBS)))
$(eval $(call unit_rule,ui,ui,$(UI_LIBS)))
$(eval $(call unit_rule,cli,cli,))
$(eval $(call unit_rule,serve,serve,$(SERVE_LIBS)))
$(eval $(call unit_rule,relay,relay serve,$(SERVE_LIBS)))
$(eval $(call unit_rule,sim,sim serve,$(SERVE_LIBS) $(NET_LIBS)))
# runs the real program
$(BUILD)/tests/unit/relay/test_program: | $(BUILD)/canvass-relay
.SECONDARY:

unit: $(UNIT_BIN)
	@sh scripts/run-unit.sh $(UNIT_BIN)

demo:
	@sh scripts/deps.sh build
	@$(MAKE) --no-print-directory -j$(shell nproc) WERROR=0 all
	@sh scripts/demo.sh

test:
	@sh scripts/deps.sh test
	@sh scripts/test.sh

# --- reading the code
ALL_C := $(sort $(shell find src tests -name '*.[ch]' 2>/dev/null))
format:
	clang-format -i $(ALL_C)
lint:
	sh scripts/layers.sh
	clang-format --dry-run --Werror $(ALL_C)
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 --enable=warning,portability \
	  --suppress=ctunullpointer --suppress=ctuuninitvar \
	  --suppress=preprocessorErrorDirective:src/core/segment/leaf_table.c \
	  --suppress=preprocessorErrorDirective:src/core/store/place_store.c \
	  --suppress=preprocessorErrorDirective:src/net/http.c -D'json_object_foreach(o,k,v)=for(;;)' -Isrc src
	sh scripts/tidy.sh
scan:
	$(MAKE) CC="gcc -fanalyzer" BUILD=build/analyzer all

# --- fuzzing: every reader of outside bytes, a minute each (FUZZ_SECONDS)
FUZZ_SECONDS ?= 60
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
fuzz:
	@$(MAKE) --no-print-directory CC=clang BUILD=build/fuzz MODE=fuzz fuzz-run
FLAGS_fuzz = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(FUZZ_SRC))
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libcore.a $(BUILD)/libnet.a
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/libnet.a $(BUILD)/libcore.a $(NET_LIBS) $(CORE_LIBS)
fuzz-run: $(FUZZ_BIN)
	@for f in $(FUZZ_BIN); do echo "== $$f"; mkdir -p $$f.corpus; \
	  $$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -max_len=70000 -print_final_stats=0 $$f.corpus \
	    $(wildcard tests/fuzz/seeds) || exit 1; done

$(BUILD)/plain_send: $(BUILD)/tests/bench/plain_send.o
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< -lcurl -lsqlite3
$(BUILD)/provider_at_once: $(BUILD)/tests/bench/provider_at_once.o
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $<
$(BUILD)/tests/bench/sender_alone.o: ALL_CPPFLAGS += $(PG_CFLAGS)
$(BUILD)/sender_alone: $(BUILD)/tests/bench/sender_alone.o $(BUILD)/libnet.a $(BUILD)/libcore.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(NET_LIBS) $(CORE_LIBS)
$(BUILD)/tests/bench/postgres_drain.o: ALL_CPPFLAGS += $(PG_CFLAGS)
$(BUILD)/postgres_drain: $(BUILD)/tests/bench/postgres_drain.o
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< -lpq
$(BUILD)/bench_preview: $(BUILD)/tests/bench/bench_preview.o $(BUILD)/libcore.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(BUILD)/fault.so: tests/chaos/fault.c
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu17 -O1 $(WARN) -shared -fPIC -o $@ $< -ldl
# Every point of the crash sweep, and a thousand kills at random: about half an hour
chaos: all $(BUILD)/fault.so
	@CANVASS_SWEEP=all python3 tests/chaos/test_sweep.py
	@CANVASS_TEST_BIN=build/release CANVASS_KILLS=1000 python3 tests/chaos/test_kill.py
# the relay under load, and beside it the same relay with another writer: its own objects come first
$(BUILD)/relay_load: $(BUILD)/tests/bench/relay_load.o $(BUILD)/libcore.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CORE_LIBS)
$(BUILD)/relay_plain: $(BUILD)/tests/bench/relay_plain.o $(BUILD)/librelay.a $(BUILD)/libserve.a $(BUILD)/libcore.a
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SERVE_LIBS) $(CORE_LIBS)
BENCH_BIN = $(addprefix $(BUILD)/,plain_send sender_alone provider_at_once bench_preview relay_load relay_plain postgres_drain)
bench-programs: $(BENCH_BIN)
BENCH_CUSTOMERS ?= 100000
bench: all $(BENCH_BIN) bench-relay bench-postgres
	@python3 tests/bench/bench.py --customers $(BENCH_CUSTOMERS)
bench-postgres: all $(BENCH_BIN)
	@python3 tests/bench/bench_postgres.py --customers $(BENCH_CUSTOMERS)
bench-relay: $(BUILD)/canvass-relay $(BUILD)/relay_load $(BUILD)/relay_plain
	@python3 tests/bench/bench_relay.py

install: all install-units
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/canvass $(DESTDIR)$(PREFIX)/share/canvass/themes
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 README.md CHANGELOG.md $(wildcard docs/*.md) $(DESTDIR)$(PREFIX)/share/doc/canvass
	install -m 644 $(wildcard themes/*.yaml) $(DESTDIR)$(PREFIX)/share/canvass/themes
install-units:
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	for u in canvass canvass-relay; do \
	  sed 's|@PREFIX@|$(PREFIX)|g' dist/systemd/$$u.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/$$u.service && \
	  chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/$$u.service || exit 1; done
	install -m 644 dist/systemd/canvass.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
