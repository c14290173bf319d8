# turnpike: `make help` lists what can be made.
CC      ?= gcc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
BUILD   ?= build
SANITIZE ?=
DESTDIR ?=
VERSION := 0.1.0
Q       := $(if $(V),,@)

PACKAGES := libuv libcurl openssl jansson yaml-0.1 libpcre2-8 zlib libsystemd
GCC_ONLY := $(if $(findstring clang,$(shell $(CC) --version 2>/dev/null | head -n 1)),,-Wlogical-op -Wduplicated-cond)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wconversion -Wno-sign-conversion \
	-Wimplicit-fallthrough $(GCC_ONLY) -Werror=implicit-function-declaration -Werror=return-type \
	-Werror=incompatible-pointer-types -Werror=int-conversion -Werror=format-security $(if $(WERROR),-Werror)
HARDEN   := -fstack-protector-strong -fstack-clash-protection -fPIE \
	$(if $(SANITIZE),-fno-omit-frame-pointer,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
override CFLAGS += -std=gnu17 $(WARNINGS) $(HARDEN) $(SANITIZE) -MMD -MP
CPPFLAGS := -D_GNU_SOURCE -Iinclude -Itests -DTURNPIKE_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
LDFLAGS  := -pie -Wl,-z,relro,-z,now $(SANITIZE)
LDLIBS    = $(shell pkg-config --libs $(PACKAGES)) -ljwt -lpthread -lm

SOURCES := $(shell find src -name '*.c')
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(SOURCES))
LIBRARY := $(BUILD)/libturnpike.a
PROGRAM := $(BUILD)/turnpike
UNITS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(shell find tests/unit tests/pipeline -name 'test_*.c'))
FUZZERS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(shell find tests/fuzz -name 'fuzz_*.c'))

all: $(PROGRAM) ## builds build/turnpike

$(PROGRAM): $(BUILD)/src/daemon/main.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(filter-out $(BUILD)/src/daemon/main.o,$(OBJECTS))
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(UNITS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

check-unit: $(UNITS) ## builds and runs the unit and pipeline tests
	$(Q)tests/run-units $(UNITS)

.PHONY: all check-unit
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
