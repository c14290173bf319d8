# deb.mk: the Debian package of packaging/debian, and another Debian than the one that is worked on.
deb: $(if $(wildcard .git),dist) ## makes the Debian package of what is committed, in build/deb
	$(Q)make/deps.sh build package
	$(Q)make/deb.sh $(BUILD)/deb $(if $(wildcard .git),$(BUILD)/$(DIST).tar.gz)

check-deb: deb ## the package in a Debian of its own: lintian, install, upgrade, purge (root, network)
	$(Q)make/deps.sh bootstrap
	$(Q)tests/package/run $(BUILD)/deb

check-trixie: dist ## what is committed is built, tested and packaged in a Debian 13 of its own (root, network)
	$(Q)make/deps.sh bootstrap
	$(Q)tests/package/other-debian trixie $(BUILD)/$(DIST).tar.gz

.PHONY: deb check-deb check-trixie
