# docker.mk: the container image of packaging/docker.
check-docker: $(if $(wildcard .git),dist) ## the container image on a Debian made by debootstrap, built and run by podman (root, network)
	$(Q)make/deps.sh run container bootstrap
	$(Q)tests/package/docker $(if $(wildcard .git),$(BUILD)/$(DIST).tar.gz,.)

.PHONY: check-docker
