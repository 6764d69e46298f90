# The few commands. Each does its own set-up; see CONTRIBUTING.md.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo test test-browser chaos mutants bytes soak isolation kill gate troubles disk models fuzz conformance bench check format lock clean

setup: .venv/.ready

.venv/.ready: constraints.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing (the first time takes a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	@$(BIN)/kassabridge demo

test: setup
	@$(BIN)/python -m pytest -n 4 --dist worksteal --durations=40 --durations-min=2

# The server's pages in Debian's Chromium, over real processes. With KASSABRIDGE_AXE their accessibility, too:
# export KASSABRIDGE_AXE=$(.venv/bin/python -m tests.browser.axe /some/folder/outside)
test-browser: setup
	@$(BIN)/python -m pytest tests/browser -m browser --durations=10

bench: setup
	@$(BIN)/python -m benchmarks

# Long forms: every fault, and a hundred damages, at every write and sync; the larger spaces of the joined machines;
# 100,000 examples for every parser.
disk: setup
	$(BIN)/python -m pytest tests/disk -m long -s

models: setup
	$(BIN)/python -m pytest tests/model -m long -s

fuzz: setup
	FUZZ_EXAMPLES=100000 $(BIN)/python -m pytest tests/fuzz -m "long or not long" -n 4

# What a driver must show at the maker's own library, which takes its time; it has to be there (docs/drivers/atol-lib.md).
conformance: setup
	@$(BIN)/python -m pytest tests/conformance/test_conformance.py -m long -n 4

# Ten thousand shops in virtual time, with faults at every step; one of them again: python -m tests.chaos --replay SEED
RUNS ?= 10000
SEED ?= 1
chaos: setup
	@$(BIN)/python -m tests.chaos --runs $(RUNS) --seed $(SEED)

mutants: setup
	@$(BIN)/python -m tests.chaos --mutants

# Every byte of every conversation with a register, struck by every fault; a case again: python -m tests.bytes --only CASE
bytes: setup
	@$(BIN)/python -m tests.bytes

# A shop's week of 2,000 receipts on one register.
soak: setup
	@$(BIN)/python -m pytest tests/soak -m long -s

# Fifty accounts, and 100,000 calls of strangers, each beside the 200 of its owner; it tells how far it is.
isolation: setup
	@$(BIN)/python -m pytest tests/server/test_isolation.py -m long -s

# Every known trouble in a running workplace: the tray, the doctor and the server all name it.
troubles: setup
	@$(BIN)/python -m pytest tests/troubles -m "long or not long" -n 3

# Whole shops of real processes that die, lose their lines and change hands; a journal's disk at every write; a week.
gate: setup
	@$(BIN)/python -m pytest -m "gate and not long" -n 3 --durations=15

# Two hundred SIGKILLs of agents and of servers, at every commit point and at random, while jobs run.
kill: setup
	@$(BIN)/python -m tests.kill --agent 200 --server 200

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Exact versions and hashes of everything, and of what the server alone needs, for every platform; no index address is
# written.
lock:
	uv pip compile pyproject.toml --extra server --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file constraints.txt
	uv pip compile pyproject.toml --extra server --universal --python-version 3.11 --constraint constraints.txt \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --output-file packaging/server/requirements.txt

clean:
	rm -rf .venv build demo-output .pytest_cache .mypy_cache .ruff_cache *.egg-info
