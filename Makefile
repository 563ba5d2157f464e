# `make run` and `make test` need nothing but Python 3.11 or newer: they set up the rest.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint docs bench sipp clean

run: $(READY)
	$(BIN)/esl-router demo

test: $(READY) sipp
	$(BIN)/pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m esl_router.cli.reference > docs/command-line.md

bench: $(READY) sipp
	$(BIN)/python -m tests.bench

$(READY): setup.cfg pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

# The end-to-end tests drive FreeSWITCH with SIPp. Without it they are skipped and say so.
sipp:
	@command -v sipp >/dev/null || { \
	  [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends sip-tester \
	  >/dev/null; } || echo "SIPp is not here (Debian: sip-tester): end-to-end tests will be skipped"

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
