# Works with GNU make and BSD make. `make` prints what there is.
# Another Python:  make PYTHON=/path/to/python3.12 run       More for pytest:  make test ARGS="-k withdraw"

PY = .venv/bin/python
ARGS =

help:
	@echo "make run        the app on http://127.0.0.1:8000 and the simulator on http://127.0.0.1:8001, with demo data"
	@echo "make test       the whole test suite; REQUIRE_SERVICES=1 makes a missing database or Redis a failure"
	@echo "make check      format, lint, types, layers, sentences, migrations in step with the models"
	@echo "make bench      measure against a floor, in one run (docs/benchmarks.md)"
	@echo "make migration  write the first migration anew from the models (until the first release)"
	@echo "make model      learn the intents anew from the phrases (when assets/phrases or what reads them changed)"
	@echo "make pins       pin the installed packages in requirements*.txt"

run: .venv/.run
	@DEMO=1 exec $(PY) app.py

test: .venv/.dev
	@$(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/.dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -p no:xdist tests/test_layers.py
	$(PY) -m tools.check_messages
	$(PY) -m tools.check_words
	$(PY) -m tools.check_migrations
	$(PY) -m bot.understanding.training --check

bench: .venv/.dev
	@$(PY) -m bench $(ARGS)

migration: .venv/.dev
	@$(PY) -m tools.make_first_migration

model: .venv/.dev
	@$(PY) -m bot.understanding.training

pins: .venv/.dev
	@$(PY) -m tools.freeze

.venv/.run: requirements.txt tools/set_up.py
	@$(WITH_PYTHON) tools/set_up.py .venv requirements.txt
	@touch .venv/.run

.venv/.dev: requirements-dev.txt requirements.txt tools/set_up.py
	@$(WITH_PYTHON) tools/set_up.py .venv requirements-dev.txt
	@touch .venv/.dev .venv/.run

# The first of these that is there and new enough.
WITH_PYTHON = for python in $(PYTHON) python3.13 python3.12 python3.11 python3 python3.14; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	  python=; \
	done; \
	[ -n "$$python" ] || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3 ..." >&2; exit 1; }; \
	[ -d .venv ] || echo "Setting up .venv (once, about a minute) ..."; \
	$$python

.PHONY: help run test check bench migration model pins
