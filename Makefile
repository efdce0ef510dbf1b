# Each target does its own set-up: Debian packages, .venv, the package with its extras.
SHELL := /bin/bash
# Without it every process that a test starts compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
# Debian's, which users have; another one's regular expressions or speed may be others.
PYTHON ?= /usr/bin/python3
BIN := .venv/bin
UNIT := tests/unit tests/model tests/golden tests/packet

.DEFAULT_GOAL := help
.PHONY: help setup packages lint unit test pythons demo bench openstack deb service fuzz docs clean

help:  ## show the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

packages:
	@$(SUDO) ./debian-packages

.venv/.installed: setup.cfg setup.py constraints.txt
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

setup: packages .venv/.installed  ## install what the other targets need

lint: setup  ## linter, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: .venv/.installed  ## the tests that need neither root nor a switch, with fewer examples of the properties
	EXAMPLES=0.2 $(BIN)/python -m pytest -q -n auto --dist worksteal $(UNIT)

test: lint  ## all tests: unit (under each Python 3.11 to 3.13 on the PATH), Open vSwitch, dashboard, end to end
	$(SUDO) $(BIN)/python -m pytest -q -n auto --dist worksteal $(UNIT)
	$(BIN)/python -m tests.pythons --on-path
	$(SUDO) $(BIN)/python -m pytest -q -n 2 --dist loadfile $(UNIT:%=--ignore=%)

pythons: .venv/.installed  ## the unit tests under Python 3.11 to 3.13, where they are here
	$(BIN)/python -m tests.pythons

demo: setup  ## the use cases and the guards, live (DEMO="--keep" leaves it up to play)
	$(SUDO) $(BIN)/python -m osken_apps.demo $(DEMO)

bench: setup  ## the long benchmarks
	$(SUDO) $(BIN)/python -m tests.bench

openstack: setup  ## Nova, Horizon and what they need, from PyPI, on two hosts of the lab (a quarter of an hour, 4 GB)
	$(SUDO) tests/openstack/install $(CURDIR)/.cache/openstack
	$(SUDO) nice -n 5 $(BIN)/python -m tests.openstack .cache/openstack .cache/openstack/results

deb: packages  ## a Debian package with an environment of its own, into build/
	contrib/debian/build build

service: setup deb  ## the Debian package on a bare Debian of this release with systemd and without network (two minutes)
	$(SUDO) ./debian-packages debootstrap systemd-container
	$(SUDO) $(BIN)/python -m pytest -q tests/service/under_systemd.py

fuzz: setup  ## the long fuzzing, and a long walk at random over the lab
	$(BIN)/python -m tests.fuzz
	EXAMPLES=25 $(BIN)/python -m pytest -q tests/model/test_interleavings.py tests/ovs/security/test_semantics.py tests/unit/test_port_forms.py \
		tests/unit/test_identity.py tests/ovs/trace
	$(SUDO) $(BIN)/python -m tests.e2e.walk

docs: setup  ## write what is generated: flows/, the sample configuration, pages and pictures of docs/
	$(BIN)/python -m tests.golden.write
	$(BIN)/python -m tests.ui.pictures

clean:  ## remove what the other targets made here
	$(SUDO) rm -rf .venv .venv-* .cache build .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
