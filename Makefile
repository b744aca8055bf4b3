# Everything a person or a machine does with this repository. `make` alone lists it.
# Nothing but python3, make and git has to be there; the rest is installed on the way.

SHELL := /bin/sh
PYTHON ?= python3
SECONDS ?= 60
BIN := .venv/bin
.DEFAULT_GOAL := help
# Tests start hundreds of gateways, and one that has to compile its modules starts a second and a half later.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run build test check bench fuzz reference fmt setup native

help: ## Show what can be done
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/.run ## Start the demo: gateway, two people, one application, on this machine only
	@exec $(BIN)/yett demo

build: .venv/.run ## Compile the hot path, if there is a C compiler; everything runs without, only slower
	@sh scripts/setup.sh native

test: .venv/.test .venv/.peers native ## Run every test, with real peers, and print the table of events
	@$(BIN)/pytest

check: .venv/.test ## Format, lint, type checks, and whether every event helps its operator
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/yett reference check

bench: .venv/.test .venv/.bench-peers .venv/.npm native ## Measure against peers on this machine; writes build/bench.json
	@$(BIN)/python -m bench

fuzz: .venv/.test ## Throw dice at every parser: make fuzz SECONDS=600
	@PYTHONPATH=. $(BIN)/python -m tests.fuzz $(SECONDS)

reference: .venv/.test ## Print docs/reference anew from the declarations
	@$(BIN)/yett reference write docs/reference

fmt: .venv/.test ## Put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

setup: .venv/.test .venv/.peers ## Install everything that running, testing and checking need

# Whoever cannot compile tests and measures plain Python; test_native.py says what is wrong.
native: .venv/.run
	-@sh scripts/setup.sh native

.venv/.base: scripts/setup.sh
	@sh scripts/setup.sh venv $(PYTHON)
	@touch $@

.venv/.run: .venv/.base requirements/run.txt pyproject.toml
	@sh scripts/setup.sh python requirements/run.txt
	@touch $@

.venv/.test: .venv/.base requirements/test.txt pyproject.toml
	@sh scripts/setup.sh python requirements/test.txt
	@touch $@ .venv/.run

.venv/.npm: requirements/npm/package.json requirements/npm/package-lock.json .venv/.base
	@sh scripts/setup.sh npm
	@touch $@

.venv/.peers: requirements/debian-test.txt requirements/kerberos.txt .venv/.test .venv/.npm
	@sh scripts/setup.sh debian requirements/debian-test.txt
	@sh scripts/setup.sh unpacked syslog-ng-core
	@sh scripts/setup.sh python requirements/kerberos.txt
	@touch $@

.venv/.bench-peers: requirements/debian-bench.txt .venv/.base
	@sh scripts/setup.sh debian requirements/debian-bench.txt
	@touch $@
