# Micro benchmarks, in process: tests/bench/bench_*.c.
BENCHES := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/bench_*.c))

$(BENCHES): %: %.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bench-unit: $(BENCHES) ## CPU time of single steps, in process
	$(Q)for bench in $^; do $$bench || exit 1; done

.PHONY: bench-unit

# What loads servers in `make bench`, and what stands behind them.
LOADERS := $(addprefix $(BUILD)/tests/bench/,websocket_load websocket_echo runtime_worker)

$(BUILD)/tests/bench/websocket_load: $(BUILD)/tests/bench/websocket_client.o
$(LOADERS): %: %.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bench: $(LOADERS)
