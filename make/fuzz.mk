# The libFuzzer programs, linked by tests/fuzz/run with clang and its sanitizers.
FUZZERS := $(patsubst %,$(BUILD)/tests/fuzz/fuzz_%,$(FUZZED))

$(FUZZERS): %: %.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
