# Every target does its own set-up. `make run` starts the local stack, `make demo` shows the main job, `make test` proves it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
IN_VENV := $(VENV)/bin/python
READY := $(VENV)/.ready
# make run PORT_BASE=9000 RUN_DIR=.run-two: a second stack beside the first, on ports of your choice.
RUN_OPTIONS := $(if $(PORT_BASE),--port-base $(PORT_BASE)) $(if $(RUN_DIR),--run-dir "$(RUN_DIR)")
# make bench BENCH="--quick" or "--only P1,P5 --rounds 7".
# make faults SCHEDULES=20000; SEED=2; a part of all: QUICK=1; FAULT=F09; one breach again: POINT=send:17:DIE_AFTER.
FAULTS_OPTIONS := $(if $(QUICK),--quick) $(if $(SCHEDULES),--schedules $(SCHEDULES)) $(if $(SEED),--seed $(SEED)) \
	$(if $(FAULT),--fault $(FAULT)) $(if $(POINT),--point $(POINT))
# Only from the command line: login shells set a MAIL of their own.
DEMO_OPTIONS := $(if $(filter command,$(origin MAIL)),--mail "$(MAIL)")

.PHONY: setup run demo test rules faults faults-stack teeth burst soak status lint bench clean

setup: $(READY)

$(READY): requirements.txt tests/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed: give its path with PYTHON=, as in make setup PYTHON=/usr/bin/python3.11."; exit 2; }
	@test -x $(IN_VENV) || { echo "Making the virtual environment $(VENV)."; $(PYTHON) -m venv $(VENV); }
	@echo "Installing what the product and its tests need."
	@$(IN_VENV) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(IN_VENV) -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	@touch $@

run: setup
	@$(IN_VENV) -m tests.sandbox run $(RUN_OPTIONS)

demo: setup
	@$(IN_VENV) -m tests.sandbox demo $(DEMO_OPTIONS)

test: setup
	@$(IN_VENV) -m pytest

# make rules RULE=R24: that rule's tests by name.
rules: setup
	@$(IN_VENV) -m tests.rules $(RULE)

faults: setup
	@$(IN_VENV) -m tests.faults $(FAULTS_OPTIONS)

faults-stack: setup
	@$(IN_VENV) -m pytest tests/e2e/faults tests/e2e/faults/long_store_faults.py

# make teeth BUG=drafts-stored: one of them; QUICK=1: a few.
teeth: setup
	@$(IN_VENV) -m tests.teeth $(if $(QUICK),--quick) $(if $(BUG),--bug $(BUG))

burst: setup
	@$(IN_VENV) -m tests.burst

soak: setup
	@$(IN_VENV) -m tests.soak --messages $(or $(MESSAGES),1000000) $(if $(JOBS),--jobs $(JOBS)) $(if $(SEED),--seed $(SEED))

status: setup
	@$(IN_VENV) -m tests.sandbox status

lint: setup
	@$(IN_VENV) -m ruff check .
	@$(IN_VENV) -m ruff format --check .
	@$(IN_VENV) -m mypy
	@$(VENV)/bin/lint-imports

bench: setup
	@$(IN_VENV) -m tests.benchmarks $(BENCH)

clean:
	rm -rf .run .build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find functions shared tests infra -name __pycache__ -type d -prune -exec rm -rf {} +
