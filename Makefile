# Needs Python 3.11, 3.12 or 3.13 and make; everything else goes into .venv. `make help` lists what there is.
PYTHON ?= $(shell for p in python3.12 python3.13 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# All that is installed, with the hashes of its files; what a stack on one machine needs of it, and what a server does.
LOCK := requirements.lock
EMBEDDED_LOCK := requirements-embedded.lock
SERVER_LOCK := requirements-server.lock
INSTALL := $(PIP) install --require-hashes -r
# A test that ends its process fails the run at once: a process in its place waits for ever where one test is left (xdist 3.8).
PYTEST_2 := $(BIN)/python -m pytest -n 2 --max-worker-restart 0
FAULTS := $(patsubst %,tests/acceptance/test_%.py,crash_points fault_programme fencing lifetime outage)

.DEFAULT_GOAL := help
.PHONY: help setup demo up quick test acceptance faults soak attack lint types check bench lock clean

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/embedded: pyproject.toml $(EMBEDDED_LOCK)
	@test -n "$(PYTHON)" || { echo "Longhand needs Python 3.11, 3.12 or 3.13 on PATH."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) $(EMBEDDED_LOCK)
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/embedded $(LOCK)
	$(INSTALL) $(LOCK)
	@touch $@

setup: $(VENV)/embedded ## make .venv with all that the embedded stack needs

demo: $(VENV)/embedded ## transcribe samples/ (or FILES="a.mp3 b.wav") with a stack of its own
	@$(BIN)/longhand demo $(FILES)

up: $(VENV)/embedded ## bring up the whole stack in the foreground
	@$(BIN)/longhand up

quick: $(VENV)/dev ## run the tests that need no server (under a minute)
	$(PYTEST_2) --dist worksteal tests/unit $(ARGS)

test: $(VENV)/dev ## run the tests (five to ten minutes)
	$(PYTEST_2) --dist loadfile $(ARGS)

acceptance: $(VENV)/dev ## run the tests with real processes and faults (about a quarter of an hour)
	$(PYTEST_2) --dist worksteal --durations 15 tests/acceptance $(ARGS)

faults: $(VENV)/dev ## run the fault programme alone, each time with other faults (SEED=4 for those of make acceptance)
	LONGHAND_TEST_SEED=$(or $(SEED),$$(date +%s)) LONGHAND_TEST_BOTH_SIDES=1 $(BIN)/python -m pytest $(FAULTS) $(ARGS)

soak: $(VENV)/dev ## run the long tests: 500 sessions with moody servers, 10,000 random frames, the verbs' model, then tests/soak
	LONGHAND_TEST_SOAK_RUNS=500 $(BIN)/python -m pytest --timeout 1800 tests/integration/test_realtime_client_soak.py
	LONGHAND_TEST_FUZZ_FRAMES=10000 $(BIN)/python -m pytest --timeout 1800 tests/acceptance/test_recognizer_hostile.py -k random
	LONGHAND_TEST_MODEL_RUNS=200 $(BIN)/python -m pytest --timeout 1800 tests/integration/test_jobs_model.py
	$(BIN)/python -m pytest --timeout 3600 tests/soak $(ARGS)

attack: $(VENV)/dev ## send every part what strangers could, and print the table of docs/security.md (SEED=13; ten minutes at most)
	$(BIN)/python -m tests.attack --seed $(or $(SEED),13) $(ARGS)

lint: $(VENV)/dev ## check style with ruff, ends of files and their sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/check_files.py $$(git ls-files ':!samples')

types: $(VENV)/dev ## check types with mypy, strict
	$(BIN)/mypy

check: lint types test ## lint, types and tests

bench: $(VENV)/dev ## run the benchmarks; tables on the screen, JSON in bench/out/
	$(BIN)/python -m bench.memory
	$(BIN)/python -m bench.worker_memory
	$(BIN)/python -m bench.protocol
	$(BIN)/python -m bench.cpu
	$(BIN)/python -m bench.short_jobs
	$(BIN)/python -m bench.session_use
	$(BIN)/python -m bench.first_answer
	$(BIN)/python -m bench.engine
	$(BIN)/python -m bench.silence
	$(BIN)/python -m bench.cuts
	$(BIN)/python -m bench.scale
	$(BIN)/python -m bench.campaigns
	$(BIN)/python -m bench.interactive
	$(BIN)/python -m bench.worst_bodies

LOCKED := uv pip compile pyproject.toml --group build --universal --only-binary :all: --generate-hashes --no-annotate -q \
	--custom-compile-command 'make lock'
lock: $(VENV)/embedded ## write the lock files from pyproject.toml, with new versions where it must (all: ARGS=--upgrade)
	$(PIP) install 'uv>=0.8'
	$(BIN)/$(LOCKED) --all-extras -o $(LOCK) $(ARGS)
	$(BIN)/$(LOCKED) --extra embedded -c $(LOCK) -o $(EMBEDDED_LOCK)
	$(BIN)/$(LOCKED) --extra postgres --extra s3 -c $(LOCK) -o $(SERVER_LOCK)

clean: ## remove what make made
	rm -rf $(VENV) .venv-3.* build dist bench/out .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
