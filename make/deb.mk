# deb.mk: the Debian package of packaging/debian.
deb: $(if $(wildcard .git),dist) ## makes the Debian package of what is committed, in build/deb
	$(Q)make/deps.sh build package
	$(Q)make/deb.sh $(BUILD)/deb $(if $(wildcard .git),$(BUILD)/$(DIST).tar.gz)

check-deb: deb ## the package in a Debian of its own: lintian, install, upgrade, purge (root, network)
	$(Q)tests/package/run $(BUILD)/deb

.PHONY: deb check-deb
