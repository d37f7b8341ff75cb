# Two commands do everything on a fresh machine: `make practice` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help practice test contract lint bench docs picture clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

practice: $(STAMP)  ## the main job, on a practice project with an embedded PostgreSQL
	$(BIN)/sensei practice --dir practice

test: $(STAMP)  ## every test
	$(BIN)/python -m pytest -n auto --dist loadgroup

contract: $(STAMP)  ## what we rely on of Bytebase: the practice one, or the one that SENSEI_BYTEBASE_URL, _ACCOUNT, _KEY name
	$(BIN)/python -m pytest tests/contract

lint: $(STAMP)  ## ruff, mypy strict, import contracts, the bundled workflows
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sensei lint

bench: $(STAMP)  ## ratios against the raw tools, in one run
	$(BIN)/python -m benchmarks

docs: $(STAMP)  ## the decision tree and a page per workflow, written to docs/guide
	$(BIN)/sensei docs docs/guide

picture: $(STAMP)  ## the pictures in the README
	$(BIN)/python docs/picture.py

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Schema Sensei needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments: venv or ensurepip is missing."; \
	  echo "On Debian and Ubuntu: sudo apt install python3-venv"; exit 2; }
	$(PYTHON) -m venv "$(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch "$@"

clean:  ## remove what make and the tools wrote
	rm -rf "$(VENV)" build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
