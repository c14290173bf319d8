# Micro benchmarks, in process: tests/bench/bench_*.c.
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))

$(BENCHES): %: %.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bench-unit: $(BENCHES) ## CPU time of single steps, in process
	$(Q)for bench in $^; do $$bench || exit 1; done

.PHONY: bench-unit
