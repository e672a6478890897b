# `make` in a fresh clone is all that is needed; `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

SOURCES := bench models tests

BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

# Tests compile hundreds of small programs, most of them the same every time. The size limit makes JAX lock its cache,
# which the parallel tests need. What tests compute beside the suite is compiled fast; programs have options of their own.
TEST := JAX_DISABLE_MOST_OPTIMIZATIONS=1 \
	JAX_COMPILATION_CACHE_DIR="$(abspath $(VENV))/jax-cache" JAX_COMPILATION_CACHE_MAX_SIZE=1000000000 \
	JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1 \
	$(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: tour test check speed faults fuzz soak peers clean help
.NOTPARALLEL:

tour: $(VENV)/.core  ## environment, installation, and the tour: a dozen studies in about a minute (the default)
	$(BIN)/python -m bench.run $(ARGS)

test: $(VENV)/.dev  ## all tests, without the timings
	$(TEST) $(ARGS)

check: $(VENV)/.dev  ## style, types, import contracts and the fast tests, in under two minutes
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(TEST) -q -m "not slow" --ignore=tests/speed $(ARGS)

# The first time stores a baseline in .benchmarks; later times are held against it. Remove the folder to start anew.
BASELINE := $(if $(wildcard .benchmarks/*/0001_*.json),--benchmark-compare=0001 --benchmark-compare-fail=median:25%,--benchmark-save=baseline)

speed: $(VENV)/.dev  ## the timings, by pytest-benchmark, on an otherwise idle machine, against those of the first time
	$(BIN)/python -m pytest tests/speed --benchmark-enable $(BASELINE) $(ARGS)

faults: $(VENV)/.dev  ## kills, full disks, other users, jumping clocks, mutants of the store; says how many points survived
	FAULTS=all $(BIN)/python -m pytest -n auto --dist worksteal tests/faults tests/store tests/workers tests/cluster tests/test_stopping.py $(ARGS)

fuzz: $(VENV)/.dev  ## grids, TOML, CSV, Parquet and manifests as chance makes them, for about ten minutes
	FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest tests/fuzz $(ARGS)

soak: $(VENV)/.dev  ## 2,000 programs of random grids with a kill every few seconds; an hour
	$(BIN)/python tests/faults/soak.py --programs 2000 $(ARGS)

peers: $(VENV)/.dev  ## the same training by PyTorch, plain JAX and scikit-learn, in turn; an hour for all cells
	$(INSTALL) -e '.[peers]'
	$(BIN)/python -m bench.peers $(ARGS)

clean:  ## removes the environment and every cache; results stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find bench models tests -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## this list
	@echo "make TARGET [PYTHON=python3.12] [VENV=folder] [ARGS='more arguments of the command']"
	@sed -n 's/^\([a-z]*\):.*  ## /  \1\t/p' Makefile

# Stamps: what is up to date is not done again.

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "error: '$(PYTHON)' is not Python 3.11, 3.12 or 3.13; name one, as in 'make PYTHON=python3.12'." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: '$(PYTHON)' cannot make environments; install its venv module (Debian, Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo "==> environment in $(VENV), from $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.core: $(VENV)/.made pyproject.toml constraints.txt
	@echo "==> installing descentbench and what it needs"
	$(INSTALL) -e '.[report]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@echo "==> installing descentbench, what it needs, and the tools for its tests"
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/.core
