# run.mk: everything around building: packages, trying it out, installing.

bindir     ?= $(PREFIX)/bin
mandir     ?= $(PREFIX)/share/man
docdir     ?= $(PREFIX)/share/doc/turnpike
sysconfdir ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
unitdir    ?= $(PREFIX)/lib/systemd/system
INSTALL    ?= install
TOOLS      := build/tools
DIST       := turnpike-$(VERSION)

deps: ## installs what building, running and testing need
	$(Q)make/deps.sh build run unit test
	$(Q)make/node.sh $(TOOLS) >/dev/null

run: ## installs what is missing, builds, runs the chat of docs/examples
	@echo "run: packages of Debian"
	$(Q)make/deps.sh build run
	@echo "run: building turnpike"
	$(Q)$(MAKE) --no-print-directory all
	$(Q)node=$$(make/node.sh $(TOOLS)) && exec make/run.sh $(PROGRAM) "$$node" $(TOOLS)

install: all ## installs program, page of `docs:`, manual pages, sample and unit (PREFIX, DESTDIR)
	$(Q)$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(unitdir) $(DESTDIR)$(sysconfdir)/turnpike
	$(Q)$(INSTALL) -m 0755 $(PROGRAM) $(DESTDIR)$(bindir)/turnpike
	$(Q)$(INSTALL) -m 0644 docs/turnpike.1 $(DESTDIR)$(mandir)/man1/turnpike.1
	$(Q)$(INSTALL) -m 0644 docs/turnpike.yaml.5 $(DESTDIR)$(mandir)/man5/turnpike.yaml.5
	$(Q)sed 's|@bindir@|$(bindir)|g; s|@sysconfdir@|$(sysconfdir)|g' packaging/systemd/turnpike.service >$(BUILD)/turnpike.service
	$(Q)$(INSTALL) -m 0644 $(BUILD)/turnpike.service $(DESTDIR)$(unitdir)/turnpike.service
	$(Q)$(INSTALL) -d $(DESTDIR)$(docdir)/examples
	$(Q)$(INSTALL) -m 0644 LICENSE conf/turnpike.reference.yaml $(DESTDIR)$(docdir)
	$(Q)$(INSTALL) -m 0644 packaging/systemd/hosting.conf packaging/systemd/turnpike-https.socket $(DESTDIR)$(docdir)/examples
	$(Q)for file in $(BUILD)/share/docs/*; do [ ! -f "$$file" ] || \
		$(INSTALL) -D -m 0644 "$$file" $(DESTDIR)$(docsdir)/$${file##*/} || exit 1; done

uninstall: ## removes what install put there, and no configuration
	$(Q)rm -f $(DESTDIR)$(bindir)/turnpike $(DESTDIR)$(unitdir)/turnpike.service
	$(Q)rm -f $(DESTDIR)$(mandir)/man1/turnpike.1 $(DESTDIR)$(mandir)/man5/turnpike.yaml.5
	$(Q)rm -f $(DESTDIR)$(docdir)/LICENSE $(DESTDIR)$(docdir)/turnpike.reference.yaml $(DESTDIR)$(docdir)/examples/hosting.conf $(DESTDIR)$(docdir)/examples/turnpike-https.socket
	$(Q)for file in $(BUILD)/share/docs/*; do rm -f $(DESTDIR)$(docsdir)/$${file##*/}; done
	$(Q)for directory in $(docdir)/examples $(docdir) $(docsdir) $(dir $(docsdir)); do rmdir $(DESTDIR)$$directory 2>/dev/null || true; done

dist: docs-ui ## makes build/turnpike-VERSION.tar.gz of what is committed and of Swagger UI: building it needs no network
	$(Q)set --; for file in $$(packaging/docs-ui/pack --list); do set -- "$$@" --add-file=$(BUILD)/share/docs/$$file; done; \
		git archive --prefix=$(DIST)/packaging/docs-ui/swagger-ui-dist/ "$$@" --prefix=$(DIST)/ \
			--output=$(BUILD)/$(DIST).tar.gz HEAD
	@echo "$(BUILD)/$(DIST).tar.gz"

clean: ## removes everything that was built
	$(Q)rm -rf $(BUILD)

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST) | sort

.PHONY: deps run install uninstall dist clean help
