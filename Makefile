# make course   build the book, release the assignment, grade a sample class
# make serve    read the book at http://127.0.0.1:8000
# make test     everything that must hold, in parallel
# make bench    speed and memory, side by side with peers
# make book     the book alone        make clean   remove what was built

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
JOBS ?= auto
TORCH := $(shell grep '^torch==' constraints.txt)
SITE := book/_build/html
ASSIGNMENTS := $(notdir $(wildcard solutions/*))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONWARNINGS := ignore::DeprecationWarning

.DEFAULT_GOAL := help
.PHONY: help course serve test bench book class screenshot debian clean

help:
	@sed -n 's/^# //p' Makefile

say = @printf '\n\033[1m%s\033[0m\n' "$(1)"

# --- environment ---------------------------------------------------------------------------------

$(BIN)/python:
	$(call say,[environment] creating $(VENV))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) -V). Hint: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "The venv module is missing. Hint: sudo apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

# torch first and by its exact version, so that no other package chooses a build for us.
$(VENV)/.course: pyproject.toml constraints.txt | $(BIN)/python
	$(call say,[environment] installing the course)
	@$(BIN)/python -m pip install -c constraints.txt "$(TORCH)"
	@$(BIN)/python -m pip install -c constraints.txt -e '.[book,grade,train,landscape]'
	@touch $@

$(VENV)/.dev: $(VENV)/.course
	$(call say,[environment] installing what the tests need)
	@$(BIN)/python -m pip install -c constraints.txt -e '.[book,grade,train,landscape,dev]'
	@touch $@

# --- the course ----------------------------------------------------------------------------------

course: $(VENV)/.course
	$(call say,[1/3] building the book)
	@$(MAKE) --no-print-directory book
	$(call say,[2/3] releasing the assignments)
	@for name in $(ASSIGNMENTS); do $(BIN)/autograder release $$name || exit; done
	$(call say,[3/3] grading a sample class)
	@$(BIN)/autograder sample-class focal
	$(call say,The course is ready.)
	@echo "  the book            $(SITE)/index.html     (make serve: http://127.0.0.1:$(PORT))"
	@echo "  the assignments     exercises/"
	@echo "  marks and feedback  course/"

book: $(VENV)/.course
	@$(BIN)/jupyter-book build book --config _config.yml --path-output book -W --keep-going

serve: $(VENV)/.course
	@test -f $(SITE)/index.html || $(MAKE) --no-print-directory book
	@echo "Serving $(SITE) at http://127.0.0.1:$(PORT) (Ctrl-C stops)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

# --- checks --------------------------------------------------------------------------------------

# A real browser looks at the pages, and a real database holds a gradebook.
debian:
	@{ command -v chromium && ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing Debian's chromium and postgresql for the tests"; \
	    apt-get update -qq && apt-get install -y -qq chromium postgresql >/dev/null; \
	  else echo "Tests need a browser and a database. Hint: sudo apt-get install chromium postgresql"; exit 1; fi; }

test: $(VENV)/.dev debian
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q

bench: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --no-deps -r benchmarks/peers.txt
	@$(BIN)/python -m benchmarks

screenshot: $(VENV)/.dev debian
	@LOSSEDU_SCREENSHOT=1 $(BIN)/python -m pytest tests/book tests/autograder -m browser -q

clean:
	rm -rf $(VENV) book/_build course .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
