# `make help` lists what there is. State lives under DATA_DIR (var/), tools under .venv.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
export PORT

.PHONY: help run demo test soak bench bench-collect bench-ingest bench-reports lighthouse \
	setup setup-test setup-bench format requirements clean

help:  ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: setup  ## Start Footfall on http://localhost:8000
	@$(BIN)/python manage.py prepare
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONUNBUFFERED=1 exec $(BIN)/honcho start -p $(PORT)

demo: setup  ## Add a demo owner with a site and three months of traffic
	@$(BIN)/python manage.py prepare --quiet
	@$(BIN)/python manage.py demo

test: setup-test  ## Run everything that CI checks
	@PATH="$(CURDIR)/$(BIN):$$PATH" ./scripts/check

soak: setup-test  ## Let disasters and odd input happen for an hour or so
	@PATH="$(CURDIR)/$(BIN):$$PATH" ./scripts/soak

bench: bench-collect bench-ingest bench-reports  ## Measure everything; tables of ratios

bench-collect: setup-bench  ## Measure how fast hits are taken
	@$(BIN)/python -m benchmarks.collect

bench-ingest: setup-bench  ## Measure how fast hits go into the database
	@$(BIN)/python -m benchmarks.ingest

bench-reports: setup-bench  ## Measure how fast reports are answered
	@$(BIN)/python -m benchmarks.reports
	@$(BIN)/python -m benchmarks.freshness

lighthouse: setup-test  ## Score the demo's pages with Lighthouse, which npx fetches
	@command -v npx >/dev/null || { echo "Lighthouse needs Node.js: apt install npm"; exit 1; }
	@$(BIN)/python -m benchmarks.lighthouse

setup: $(VENV)/installed
setup-test: $(VENV)/installed-dev
	@./scripts/install-debian-packages tests
setup-bench: $(VENV)/installed-dev
	@./scripts/install-debian-packages benchmarks

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Footfall needs Python 3.11 or newer: apt install python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv is missing: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/pip
	@echo "Installing what Footfall needs into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing what the checks need into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

format: setup-test  ## Put code and templates into their one form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet . ; $(BIN)/djlint --reformat --quiet templates

requirements: $(VENV)/installed-dev  ## Compile requirements*.in with hashes
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header \
		--no-emit-find-links requirements.in -o requirements.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-header \
		--no-emit-find-links requirements-dev.in -o requirements-dev.txt

clean:  ## Remove the environment and the caches, and leave the data alone
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
