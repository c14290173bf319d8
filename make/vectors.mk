# The test vectors' program; tests/vectors/run builds it and runs it where VECTORS names a folder.
$(BUILD)/tests/vectors/wycheproof: %: %.o $(LIBRARY)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
