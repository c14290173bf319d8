# Our HTTP parser beside Debian's llhttp (package node-llhttp), whose source is compiled where it lies.
LLHTTP_SOURCE ?= /usr/share/llhttp
LLHTTP_HEADER ?= /usr/share/include/llhttp
DIFFERENTIAL  := $(BUILD)/tests/differential/llhttp
LLHTTP_PARTS  := $(patsubst $(LLHTTP_SOURCE)/%.c,$(BUILD)/tests/differential/llhttp-%.o,$(wildcard $(LLHTTP_SOURCE)/*.c))

$(DIFFERENTIAL).o: CPPFLAGS += -isystem $(LLHTTP_HEADER)

$(LLHTTP_PARTS): $(BUILD)/tests/differential/llhttp-%.o: $(LLHTTP_SOURCE)/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -w -fPIE -DLLHTTP_STRICT_MODE=1 -I$(LLHTTP_HEADER) -c -o $@ $<

$(DIFFERENTIAL): $(DIFFERENTIAL).o $(LLHTTP_PARTS) $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
