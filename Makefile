# `make` says what there is. Everything Python lives in .venv, made from hashed requirements.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-fast lint bench seizure client vectors lock clean ready need-test need-demo need-seizure

PYTHON ?= python3
export PYTHON
PY := .venv/bin/python
BUILD := build
CLIENT_PACKAGES := onion_service/client/node_modules/.package-lock.json
TEST_LIMIT ?= 60m
TESTS := timeout --foreground --kill-after=60s $(TEST_LIMIT) $(PY) -u -m coverage run -m pytest
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m piptools compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(if $(UPGRADE),--upgrade)
SAME_AS_DEV := --constraint requirements/dev.txt

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do \
		printf '  make %-10s %s\n' "$$name" "$$what"; done

demo: need-demo ready  ## three reports over a private Tor network to two desks; KEEP=1 leaves it running
	@exec $(PY) -m deploy.demo $(if $(filter 1,$(KEEP)),--keep)

$(CLIENT_PACKAGES): onion_service/client/package-lock.json
	@cd onion_service/client && npm ci --no-audit --no-fund --silent
	@touch $@

test: need-test ready $(CLIENT_PACKAGES)  ## everything that must hold: lint, vectors, all tests, with coverage of what is not a proof (about half an hour on two cores)
	@$(MAKE) --no-print-directory lint
	@$(PY) -m tests.vectors --check
	@cd onion_service/client && node tables.js --check
	@$(PY) -m deploy.page --check
	@mkdir -p $(BUILD)
	@$(PY) -m coverage erase
	@$(TESTS) --durations=40 2>&1 | tee $(BUILD)/test.log
	@$(PY) -m coverage combine --quiet
	@floor=0; $(PY) -m coverage report --skip-covered --skip-empty || floor=$$?; \
		tail -n 1 $(BUILD)/test.log; exit $$floor

test-fast: ready  ## four tests in five, in a minute, to the first failure
	@$(PY) -m pytest -x -q -n 2 -m "not slow and not tor"

lint: ready  ## ruff, its formatter and mypy (strict, tests too)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@for script in .ci/run deploy/*.sh; do bash -n "$$script"; done

bench: ready  ## the door's figures beside a bare server's and one X-Wing open, a desk's with 100 000 reports, and the page's in Firefox
	@exec $(PY) -m tests.bench

seizure: need-seizure ready  ## relays under load lose their power, and what is taken is examined; the table goes into docs/threat-model.md
	@exec $(PY) -m tests.privacy.seizure --write

client: need-test ready $(CLIENT_PACKAGES)  ## build the reporter's page from its sources, the same bytes each time
	@cd onion_service/client && node tables.js
	@$(PY) -m deploy.page

vectors: ready  ## write the test vectors anew (make test checks that they are what the code writes)
	@$(PY) -m tests.vectors

lock: ready  ## solve requirements/*.txt from pyproject.toml; UPGRADE=1 takes newer releases
	@$(PIP_COMPILE) --extra desk --extra channels --extra cluster --extra simulate --extra dev --output-file requirements/dev.txt pyproject.toml
	@$(PIP_COMPILE) $(SAME_AS_DEV) --output-file requirements/relay.txt pyproject.toml
	@$(PIP_COMPILE) $(SAME_AS_DEV) --extra desk --output-file requirements/desk.txt pyproject.toml
	@$(PIP_COMPILE) $(SAME_AS_DEV) --extra channels --output-file requirements/channels.txt pyproject.toml
	@$(PIP_COMPILE) $(SAME_AS_DEV) --extra cluster --output-file requirements/cluster.txt pyproject.toml
	@$(PIP_COMPILE) $(SAME_AS_DEV) --extra simulate --output-file requirements/simulate.txt pyproject.toml
	@$(PIP_COMPILE) $(SAME_AS_DEV) --output-file requirements/build.txt requirements/build.in

clean:  ## remove what make has made, .venv too
	@rm -rf .venv .venv.lock $(BUILD) dist demo-run *.egg-info .coverage .coverage.* \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

ready:
	@bash deploy/need.sh venv
	@bash deploy/venv.sh

need-test:
	@bash deploy/need.sh venv tor exiftool openssl minisign node firefox disk sandbox

need-demo:
	@bash deploy/need.sh venv tor

need-seizure:
	@bash deploy/need.sh venv tor disk
