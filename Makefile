# Two commands do everything: `make run` (the loop) and `make test` (lint, types, contracts, tests).
PYTHON ?= python3.11
VENV ?= .venv
# The tests run in so many processes; the smoke loop among them takes two cores by itself.
WORKERS ?= 2
STAMP := $(VENV)/.installed
# Where the tests' smoke loop leaves its state; kept, so that the next time its steps are reused.
export DEXGEN_TEST_HOME ?= $(CURDIR)/var/test
# pip compiles nothing here (see below): where Python may not keep what it compiles, as in many
# containers, each of a run's processes would compile torch anew, for several seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test setup lint types tests reference clean

run: setup
	$(VENV)/bin/dexgen run $(ARGS)

test: lint types tests

setup: $(STAMP)

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports --no-cache

types: setup
	$(VENV)/bin/pyright

tests: setup
	$(VENV)/bin/pytest --numprocesses $(WORKERS) $(ARGS)

# The pages of docs/reference/, from configs/; a test says when they are stale.
reference: setup
	$(VENV)/bin/python -m configs.reference

# Python compiles what is imported; pip would compile all of it, which takes a minute.
$(STAMP): pyproject.toml constraints.txt
	@echo "installing into $(VENV): about 2 GB, a few minutes"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --no-compile --constraint constraints.txt --editable '.[pipeline,robot,viewer,meshes,lakefs,gpu,dev]'
	touch $@

# The environments only: var/ holds the registry, the releases and the approver's key.
clean:
	rm -rf $(VENV) .venv-robot
