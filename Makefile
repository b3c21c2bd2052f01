# make course   build the book, release the assignment, grade a sample class
# make serve    read the book at http://127.0.0.1:8000
# make test     everything that must hold, in parallel
# make quick    what a change since the last commit can touch, and why; make quick SINCE=main for a branch
# make kernels  the numerical tests once more, with kernels of other processors
# make bench    speed and memory, side by side with peers
# make book     the book alone        make clean   remove what was built
# make anki     the drills as a deck for Anki: book/_build/lossedu.apkg
# make pdf      the book as one PDF, printed by the system's chromium
# make book CHAPTER=classification/focal   that page alone
# make notebooks   run each chapter's notebook in an environment with the wheel and its extra `book` alone

SHELL := /bin/bash
comma := ,
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
PORT ?= 8000
JOBS ?= auto
# `make course TORCH=cpu` takes the build of torch without CUDA's libraries.
TORCH ?=
SITE := book/_build/html
ASSIGNMENTS := $(notdir $(wildcard solutions/*))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONWARNINGS := ignore::DeprecationWarning

.DEFAULT_GOAL := help
.PHONY: help course serve test quick durations kernels notebooks bench book anki pdf class screenshot debian clean

help:
	@sed -n 's/^# //p' Makefile

# Libraries keep settings and caches in the home folder unless told otherwise: here, in the clone.
CACHE := $(CURDIR)/.cache
export IPYTHONDIR := $(CACHE)/ipython
export JUPYTER_CONFIG_DIR := $(CACHE)/jupyter/config
export JUPYTER_DATA_DIR := $(CACHE)/jupyter/data
export JUPYTER_RUNTIME_DIR := $(CACHE)/jupyter/runtime
export MPLCONFIGDIR := $(CACHE)/matplotlib
# The compiler of torch gets file names without quotes, so a path with a space is not for it.
space := $(comma:,= )
INDUCTOR := $(if $(findstring $(space),$(CACHE)),$(or $(TMPDIR),/tmp)/torchinductor_$(shell id -un),$(CACHE)/inductor)
export TORCHINDUCTOR_CACHE_DIR := $(INDUCTOR)

say = @printf '\n\033[1m%s\033[0m\n' "$(1)"

# --- environment ---------------------------------------------------------------------------------

# What is installed, and what that takes, as .ci/fresh saw it on a new Debian 12 with two cores.
MINUTES := 5 to 10
DOWNLOAD_MB := 200
DISK_MB := 2200

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) -V). Hint: make PYTHON=python3.12"; exit 1; }
	$(call say,[environment] the first time takes about $(MINUTES) minutes$(comma) $(DOWNLOAD_MB) MB of downloads beside torch$(comma) and $(DISK_MB) MB of disk)
	@free=$$(df -Pm . | awk 'NR == 2 {print $$4}'); if [ "$$free" -lt $(DISK_MB) ]; then \
	  echo "Only $$free MB are free in $$PWD. Hint: make room, or clone to another disk."; exit 1; fi
	@if [ "$$(uname -s)" = Linux ] && [ "$(TORCH)" != cpu ]; then \
	  echo "Where pip takes torch with CUDA, as it does on Linux by default, that is 1.4 GB to download and 4 GB of disk more."; \
	  echo "Without an NVIDIA GPU: make course TORCH=cpu"; fi
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "The venv module is missing. Hint: sudo apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

# torch by itself: its builds differ in what else they bring, which only torch knows.
ifeq ($(TORCH),cpu)
torch_for = $(PIP) install --no-deps "$$(grep '^uv==' constraints.txt)" && \
  $(BIN)/uv pip install --python $(1) --no-deps --torch-backend cpu "$$(grep '^torch==' constraints.txt)"
else
torch_for = $(1) -m pip install -c constraints.txt "$$(grep '^torch==' constraints.txt)"
endif

$(VENV)/.torch: constraints.txt | $(BIN)/python
	$(call say,[environment] installing torch)
	@$(call torch_for,$(BIN)/python)
	@touch $@

# The lock names all that is needed: nothing is looked for, and no resolver can go astray.
locked = $(PIP) install --no-deps -r $(1) && $(PIP) install --no-deps --no-build-isolation --quiet -e .

$(VENV)/.course: pyproject.toml constraints.txt $(VENV)/.torch
	$(call say,[environment] installing the course)
	@sed '/^# --- what the tests need/,$$d' constraints.txt >$(VENV)/course.txt
	@$(call locked,$(VENV)/course.txt)
	@touch $@

$(VENV)/.dev: $(VENV)/.course
	$(call say,[environment] installing what the tests need)
	@$(call locked,constraints.txt)
	@touch $@

# --- the course ----------------------------------------------------------------------------------

course: $(VENV)/.course
	$(call say,[1/3] building the book)
	@LOSSEDU_CHAPTER_SECONDS=$${LOSSEDU_CHAPTER_SECONDS:-0} $(MAKE) --no-print-directory book
	$(call say,[2/3] releasing the assignments)
	@$(BIN)/autograder release $(ASSIGNMENTS)
	$(call say,[3/3] grading a sample class)
	@if [ "$$(uname -s)" = Linux ]; then $(BIN)/autograder sample-class focal; \
	else $(BIN)/autograder doctor || true; fi
	$(call say,The course is ready.)
	@echo "  the book            $(SITE)/index.html     (make serve: http://127.0.0.1:$(PORT))"
	@echo "  the assignments     exercises/"
	@[ ! -d course/feedback ] || echo "  marks and feedback  course/"

# What a chapter may cost is asked of those who write it: for a reader a slow machine is no fault.
book: $(VENV)/.course
	@mkdir -p "$(CACHE)/tmp"
	@TMPDIR="$(CACHE)/tmp" LOSSEDU_CHAPTER="$(CHAPTER)" $(BIN)/python book/build.py

anki: $(VENV)/.course
	@$(BIN)/lossedu drill export anki --out book/_build/lossedu.apkg

pdf: book $(VENV)/.dev
	@$(BIN)/python book/_pdf $(SITE) book/_build/lossedu.pdf

serve: $(VENV)/.course
	@test -f $(SITE)/index.html || $(MAKE) --no-print-directory book
	@$(BIN)/python book/serve.py $(SITE) $(PORT)

# --- checks --------------------------------------------------------------------------------------

# A real browser looks at the pages (its driver needs libatomic1), a real database holds a gradebook,
# torch.compile needs a compiler, and the kernel's own headers say which system calls there are.  What
# cannot be installed is skipped.
debian:
	@missing=""; \
	command -v chromium chromium-browser google-chrome >/dev/null || missing="$$missing chromium"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v "$${CXX:-g++}" >/dev/null || missing="$$missing g++"; \
	command -v promtool >/dev/null || missing="$$missing prometheus"; \
	command -v alertmanager prometheus-alertmanager >/dev/null || missing="$$missing prometheus-alertmanager"; \
	if [ "$$(uname -s)" = Linux ]; then \
	  $(BIN)/python -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null || missing="$$missing libatomic1"; \
	  [ -e /usr/include/linux/seccomp.h ] || missing="$$missing linux-libc-dev"; fi; \
	[ -z "$$missing" ] || ! command -v apt-get >/dev/null || { \
	  as_root=""; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
	  if $$as_root true 2>/dev/null; then \
	    echo "Installing for the tests:$$missing"; \
	    $$as_root apt-get update -qq && $$as_root env DEBIAN_FRONTEND=noninteractive \
	      apt-get install -y -qq $$missing >/dev/null || true; \
	  else echo "Some tests will be skipped. To run them too: sudo apt-get install$$missing"; fi; }

test: $(VENV)/.dev debian
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q

# Files that differ from a commit, and what can reach them by its imports and by what it reads.
SINCE ?= HEAD
quick: $(VENV)/.dev
	@$(BIN)/python -m pytest -p tests.selection.plugin --changed-since "$(SINCE)" -n $(JOBS) --dist worksteal -q

# Measure anew which tests take long, and so have to start first: on a machine that does nothing else.
durations: $(VENV)/.dev
	@$(BIN)/python -m pytest -p tests.longest_first --store-durations -n $(JOBS) --dist worksteal -q

# `make test` computes with the processor's own kernels.  Here the numerical tests do so with those of
# others: everything whose result rests on floating point (losses, metrics, calibration, landscapes,
# training and its diagnosis) without vector instructions and in MKL's way for any processor; and what
# computes with the library itself, without whole runs of training, with AVX2 and two threads.
# Left out: formulas, which are computed in decimal digits; commands and files; what is marked slow.
KERNELS_PLAIN := ATEN_CPU_CAPABILITY=default MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=SSE41 OMP_NUM_THREADS=1
KERNELS_AVX2 := ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive
COMPUTES := tests/test_kernels.py tests/losses tests/calibration tests/test_ranking_metrics.py tests/landscape
kernels: $(VENV)/.dev
	$(call say,[1/2] no vector instructions$(comma) one thread)
	@$(KERNELS_PLAIN) $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q -m "not slow" $(COMPUTES) tests/training
	$(call say,[2/2] AVX2$(comma) two threads)
	@$(KERNELS_AVX2) $(BIN)/python -m pytest -n 1 -q -m "not slow" $(COMPUTES)

# As a reader runs a chapter: the wheel with its extra `book`, what executes a notebook, and nothing else of ours.
READER := book/_build/reader
notebooks: book
	$(call say,[1/2] a new environment for the wheel and its extra for chapters)
	@rm -rf $(READER) && $(PYTHON) -m venv $(READER)
	@$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir $(READER)/wheel .
	@$(call torch_for,$(READER)/bin/python)
	@$(READER)/bin/python -m pip install --quiet -c constraints.txt nbclient ipykernel "$$(ls $(READER)/wheel/*.whl)[book]"
	$(call say,[2/2] each chapter$(comma) from its first cell to its last)
	@find $(SITE) -name '*.ipynb' | sort | while read -r chapter; do \
	  (cd $(READER) && bin/jupyter-execute --timeout=600 "$(CURDIR)/$$chapter" >run.log 2>&1) \
	    || { cat $(READER)/run.log; echo "$$chapter does not run."; exit 1; }; \
	  echo "$$chapter runs."; done

bench: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --no-deps -r benchmarks/peers.txt
	@$(BIN)/python -m benchmarks

screenshot: $(VENV)/.dev debian
	@LOSSEDU_SCREENSHOT=1 $(BIN)/python -m pytest tests/book tests/autograder tests/practice/sessions -m browser -q

clean:
	rm -rf $(VENV) .cache book/_build course .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
