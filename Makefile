# Loa: one command each. `make demo` and `make test` set up everything they need by themselves.
#
# The environment lives in .venv and is made from pinned versions with their hashes (requirements/*.txt).
# Stamps in .venv say what is installed, so nothing is installed twice.
# Useful: make PYTHON=/path/to/python3.12 demo · make test ARGS="-k pledge" · make test JOBS=0 · make lock UPGRADE=1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --quiet --require-hashes --only-binary :all:
ARGS ?=
JOBS ?= auto
UPGRADE ?=

# An environment whose Python is gone (an upgraded system, a copied folder) is made again.
ifneq ($(shell test -x $(BIN)/python && echo works),works)
$(VENV)/.made: remake
endif

.PHONY: help demo story test check bench bench-install soak mutate lock clean remake
remake:

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.run-installed  ## try Loa here: a simulated Telegram, a browser page, nothing leaves this machine
	@$(BIN)/loa demo $(ARGS) || test $$? -eq 130

story: $(VENV)/.run-installed  ## the whole main job, told in the terminal
	@$(BIN)/loa story $(ARGS)

test: $(VENV)/.test-installed  ## all tests
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

check: $(VENV)/.test-installed  ## style, types, direction of imports, pinned versions, missing translations
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --quiet tests/test_architecture.py tests/bot/test_texts.py

bench: $(VENV)/.run-installed  ## the measured claims; `make bench-install` first to measure beside other libraries
	@$(BIN)/loa bench $(ARGS)

bench-install: $(VENV)/.bench-installed  ## add the libraries that `make bench` compares with

soak: $(VENV)/.test-installed  ## the tests that run for minutes or hours
	@$(BIN)/python -m pytest -m soak --capture=no $(ARGS)

mutate: $(VENV)/.test-installed  ## take each mitigation away in a copy, and see that a test notices; ARGS="token" for some
	@$(BIN)/python -m tests.mutation.removing $(ARGS)

lock:  ## write requirements/*.txt again from pyproject.toml (needs uv; UPGRADE=1 takes newer versions)
	@uv=$$(command -v uv || command -v $(BIN)/uv) || { \
	  echo 'make lock needs uv: install it with "pip install uv", then try again.' >&2; exit 1; }; \
	compile() { "$$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) "$$@" pyproject.toml; }; \
	compile --output-file requirements/run.txt && \
	compile --extra test --constraints requirements/run.txt --output-file requirements/test.txt && \
	compile --extra bench --constraints requirements/test.txt --output-file requirements/bench.txt

clean:  ## remove caches and build leftovers (the environment is the folder .venv)
	rm -rf build dist ./*.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name $(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

# --- the environment -----------------------------------------------------------------------------------------

# An environment somebody made by hand is taken as it is. Else the first Python that is new enough and can make
# one; if there is none, one line says what to do.
$(VENV)/.made:
	@if $(PIP) --version >/dev/null 2>&1; then touch $@; exit; fi; \
	new_enough=; for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
	  "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  new_enough=$$python; \
	  "$$python" -c 'import ensurepip, venv' 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$("$$python" --version), once." && \
	  "$$python" -m venv --clear $(VENV) && touch $@; exit; \
	done; \
	if [ -n "$$new_enough" ]; then \
	  echo "$$new_enough cannot make environments here; on Debian or Ubuntu run: sudo apt install python3-venv" >&2; \
	else \
	  echo 'Loa needs Python 3.11 or newer (Loa cần Python 3.11 trở lên); then try again,' \
	    'or name it: make PYTHON=/path/to/python3 demo' >&2; \
	fi; exit 1

# The command `loa` runs this folder as it is: a path file and a two-line script, no build step.
$(BIN)/loa: $(VENV)/.made
	@$(BIN)/python -c 'import os, sysconfig; site = sysconfig.get_path("purelib"); \
	  open(os.path.join(site, "loa.pth"), "w").write(os.path.relpath(".", site) + "\n")'
	@printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$(readlink -f "$$0")")/python" -P -m bot.cli "$$@"' > $@
	@chmod +x $@

$(VENV)/.run-installed: requirements/run.txt $(VENV)/.made | $(BIN)/loa
	@echo 'Installing what Loa needs (once; a minute or two).'
	@$(INSTALL) --requirement $<
	@touch $@

# Everything in run.txt is in test.txt at the same version, so the tests' environment also runs Loa.
$(VENV)/.test-installed: requirements/test.txt requirements/run.txt $(VENV)/.made | $(BIN)/loa
	@echo 'Installing what Loa and its tests need (once; a minute or two).'
	@$(INSTALL) --requirement $<
	@touch $(VENV)/.run-installed $@

$(VENV)/.bench-installed: requirements/bench.txt $(VENV)/.run-installed
	@$(INSTALL) --requirement $<
	@touch $@
