# Everything is installed into .venv from requirements.lock (with hashes).
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
CITY ?=

.PHONY: run refresh test lint lock clean

run: $(INSTALLED)
	$(BIN)/streetwise run $(if $(CITY),--city $(CITY))

refresh: $(INSTALLED)
	$(BIN)/streetwise refresh $(if $(CITY),--city $(CITY))

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/dg check defs

lock: $(INSTALLED)
	$(BIN)/uv pip compile --quiet --extra dev --generate-hashes --no-emit-index-url --upgrade pyproject.toml --output-file requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Streetwise needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf .venv cities/sample
