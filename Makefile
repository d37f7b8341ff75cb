# Two commands do everything on a fresh machine: `make practice` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: practice test lint bench docs clean

practice: $(STAMP)  ## the main job, on a practice project with an embedded PostgreSQL
	$(BIN)/sensei practice

test: $(STAMP)  ## every test
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: $(STAMP)  ## ruff, mypy strict, import contracts, the bundled workflows
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sensei lint

bench: $(STAMP)  ## ratios against the raw tools, in one run
	$(BIN)/python -m benchmarks

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
