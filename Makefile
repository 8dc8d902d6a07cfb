# Every target makes the virtual environment it needs; only Python 3.11 or later, make and a network are asked for.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' daemon/__init__.py)
# The service's: one that a user without a home can reach.
SERVICE_PYTHON ?= /usr/bin/python3

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench faults soak docs schema proto build install uninstall deb clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

.venv/pip.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "showroomd needs Python 3.11 or later; say which with: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "install Python's venv module (Debian, Ubuntu: python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

.venv/runtime.stamp: pyproject.toml | .venv/pip.stamp
	@echo "installing showroomd into .venv (a minute, once)"
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/development.stamp: pyproject.toml .venv/runtime.stamp
	@echo "installing the development tools into .venv"
	@$(BIN)/python -m pip install --quiet --editable . --group test --group check
	@touch $@

setup: .venv/development.stamp ## make .venv with everything

demo: .venv/runtime.stamp ## three invented dealerships and a phone to write to them
	@$(BIN)/showroomd demo $(DEMO)

test: .venv/development.stamp ## all tests on both cores; TESTS=tests/daemon/desk for some
	$(PYTEST) -n 2 --dist loadscope --no-loadscope-reorder $(TESTS)

check: .venv/development.stamp ## style, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.support.units

bench: .venv/development.stamp ## measure; see docs/reference/benchmarks.md
	$(BIN)/python -m tests.bench

faults: .venv/development.stamp ## kill the daemon and cut its sockets under traffic, 240 and 300 times; prints the counts
	tests/support/baileys/install
	FAULT_RUNS=240 WEB_FAULT_RUNS=300 $(PYTEST) tests/faults -o faulthandler_timeout=3000

soak: .venv/development.stamp ## an hour of traffic between a copy and its restore; prints the counts
	COPY_AGE_SECONDS=3600 COPY_AGE_RATE=2 $(PYTEST) tests/journeys/test_old_copy.py -o faulthandler_timeout=7200

docs: .venv/development.stamp ## write the generated parts of docs/, then check docs/
	$(BIN)/python -m tests.support.reference
	$(PYTEST) tests/repo/test_docs.py

schema: .venv/development.stamp ## write migrations/*/schema.sql from the sum of the migrations
	$(BIN)/python -m tests.support.schema

proto: .venv/development.stamp ## write the WhatsApp Web messages' Python from messages.proto
	@$(BIN)/python -m pip install --quiet --editable . --group proto
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -I. --python_out=. --mypy_out=. \
	  daemon/whatsapp/web/messages.proto

build: .venv/pip.stamp ## the wheel, in dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

install: build ## as root: a service of this machine, or its upgrade; see docs/how-to/install.md
	@umask 022; to=/opt/showroomd/versions/$(VERSION)-$$(date -u +%Y%m%d%H%M%S); \
	  { $(SERVICE_PYTHON) -m venv "$$to" \
	    && "$$to/bin/pip" install --quiet --disable-pip-version-check dist/showroomd-$(VERSION)-*.whl; } \
	  || { rm -rf "$$to"; exit 1; }; \
	  "$$to/bin/showroomd" install-units $(if $(wildcard /run/systemd/system),--start)

uninstall: ## as root: take program and units away; data, settings and keys stay
	@/opt/showroomd/current/bin/showroomd uninstall-units

deb: build ## a package for this machine's distribution, in dist/
	@systemd/debian/build dist/showroomd-$(VERSION)-*.whl dist

clean: ## remove what the other targets made
	rm -rf .venv .demo dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
