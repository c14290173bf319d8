# turnpike: `make help` lists what can be made.
CC       ?= gcc
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
BUILD    ?= build
docsdir  ?= $(PREFIX)/share/turnpike/docs
DESTDIR  ?=
SANITIZE ?=
VECTORS  ?=
VERSION  := 0.1.0
Q        := $(if $(V),,@)
export BUILD VECTORS

PACKAGES := libuv libwebsockets libcurl openssl jansson yaml-0.1 libpcre2-8 zlib libsystemd
GCC_ONLY := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null | head -n 1)),,-Wlogical-op -Wduplicated-cond)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wconversion -Wno-sign-conversion \
	-Wimplicit-fallthrough $(GCC_ONLY) -Werror=implicit-function-declaration -Werror=return-type \
	-Werror=incompatible-pointer-types -Werror=int-conversion -Werror=format-security $(if $(WERROR),-Werror)
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(SANITIZE),-fno-omit-frame-pointer,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
override CFLAGS += -std=gnu17 $(WARNINGS) $(HARDEN) $(SANITIZE) -MMD -MP
CPPFLAGS += -D_GNU_SOURCE -Iinclude -Itests -DTURNPIKE_VERSION='"$(VERSION)"' \
	-DTURNPIKE_DOCS_DIRECTORY='"$(docsdir)"' \
	$(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LDFLAGS  += -pie -Wl,-z,relro,-z,now $(SANITIZE)
LDLIBS    = $(shell pkg-config --libs $(PACKAGES)) -ljwt -lpthread -lm

SOURCES  := $(shell find src -name '*.c' | sort)
LIBRARY  := $(BUILD)/libturnpike.a
PROGRAM  := $(BUILD)/turnpike
SUPPORT  := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
UNITS    := $(patsubst %.c,$(BUILD)/%,$(shell find tests/unit tests/pipeline -name 'test_*.c' | sort))
FUZZED   := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAYS  := $(patsubst %,$(BUILD)/tests/fuzz/replay_%,$(FUZZED))

all: $(PROGRAM) ## builds build/turnpike, and packs the page of `docs:` where npm is there
	$(Q)packaging/docs-ui/pack --optional $(BUILD)/share/docs

docs-ui: ## packs the page of `docs:`; needs npm
	$(Q)packaging/docs-ui/pack $(BUILD)/share/docs

$(PROGRAM): $(BUILD)/src/daemon/main.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(patsubst %.c,$(BUILD)/%.o,$(filter-out src/daemon/main.c,$(SOURCES)))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(UNITS): $(BUILD)/%: $(BUILD)/%.o $(SUPPORT) $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

$(REPLAYS): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

units: $(UNITS)
check-unit: units ## builds and runs the unit and pipeline tests
	$(Q)tests/run-units $(UNITS)

check-fuzz: $(REPLAYS) ## replays the fuzzers' corpora
	$(Q)tests/fuzz/replay-all $(REPLAYS)

check-e2e: all ## runs real clients against the real daemon
	$(Q)tests/e2e/run

check: deps ## installs what is missing, builds and runs every test; the last line counts them
	$(Q)WERROR=1 tests/check

asan: ## every test under AddressSanitizer and UBSan
	$(Q)$(MAKE) BUILD=build/asan SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined" \
		CFLAGS="-O1 -g" check

valgrind: units ## the unit and pipeline tests under memcheck
	$(Q)make/deps.sh lint
	$(Q)RUNNER="valgrind -q --error-exitcode=1 --leak-check=full" tests/run-units $(UNITS)

fuzz: ## runs every fuzz target for SECONDS (60) each, under clang
	$(Q)make/deps.sh build lint
	$(Q)tests/fuzz/run

lint: ## layers, format, clang-tidy, gcc -fanalyzer
	$(Q)make/deps.sh build lint
	$(Q)tests/lint/run

bench: $(PROGRAM) ## speed beside nginx, HAProxy, Pushpin and serverless-offline
	$(Q)tests/bench/run

format: ## formats the sources with clang-format 14
	$(Q)for file in $$(find src include tests -name '*.[ch]' -not -path '*/node_modules/*'); do clang-format -i $$file; done

include $(wildcard make/*.mk)
.PHONY: all docs-ui units check-unit check-fuzz check-e2e check asan valgrind fuzz lint bench format
-include $(shell find $(BUILD)/src $(BUILD)/tests -name "*.d" 2>/dev/null)
