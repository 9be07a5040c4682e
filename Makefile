# Each target sets up what it needs: a virtual environment in .venv with the project and its packages.
#   make bench      train, convert, audit, time and judge the digits networks; writes results/digits/report.html
#   make test       format and lint checks, then all tests
#   make test-fast  the tests without the slow ones
#   make docs       the pages that follow from code and records, with their pictures: quantizers, trained networks,
#                   training methods, narrower networks, studies
#   make site       the documentation as a site, in site/
#   make tflite-models  the pretrained models, converted, in tflite_models/
#   make wheels     wheels for x86-64 and aarch64, and the source archive, in dist/
# PYTHON=/path/to/python chooses the interpreter, 3.10 or later; by default the first on the path.
# STACK=larq or STACK=keras chooses Larq with Keras 2 or today's Keras; by default Larq where it can be installed, which
# is up to Python 3.12.

VENV := .venv
BIN := $(VENV)/bin
# What the virtual environment was made for, if there is one.
MADE_FOR := $(shell cat $(VENV)/stack 2>/dev/null)
NEWEST := $(if $(filter larq,$(STACK)),12,99)
FITS := -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, $(NEWEST)))'
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$python $(FITS) 2>/dev/null && echo $$python && break; done)
ifndef STACK
STACK := $(or $(MADE_FOR),$(shell $(or $(PYTHON),:) -c \
	'import sys; print("larq" if (3, 10) <= sys.version_info < (3, 13) else "keras")'),keras)
endif
export LARQ_FOCAL_STACK := $(STACK)
ifeq ($(filter clean,$(MAKECMDGOALS)),)
ifneq ($(STACK),$(or $(MADE_FOR),$(STACK)))
$(error $(VENV) was made with STACK=$(MADE_FOR): leave out STACK=$(STACK), or `make clean` before)
endif
endif
# A worker for each core; what a module's tests share is built once, and the dearest modules come first.
PARALLEL := --numprocesses logical --dist loadfile --no-loadscope-reorder

.PHONY: bench test test-fast lint docs site tflite-models wheels clean

bench: $(VENV)/installed
	$(BIN)/larq-focal bench --resume

test: lint
	$(BIN)/python -m pytest $(PARALLEL)

test-fast: lint
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

lint: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

docs: $(VENV)/installed-docs
	$(BIN)/python docs/quantizers.py
	$(BIN)/python -m tools.quantizers_stub
	$(BIN)/python docs/zoo_results.py
	$(BIN)/python docs/training_methods.py
	$(BIN)/python docs/netadapt.py
	$(BIN)/python docs/study_results.py
	$(BIN)/python -m tools.backend_table

site: $(VENV)/installed-docs
	$(BIN)/zensical build --strict --clean

tflite-models: $(VENV)/installed
	$(BIN)/python -m tools.tflite_models

wheels: $(VENV)/installed-test
	$(BIN)/python -m tools.wheels dist

$(VENV)/ready: setup.cfg setup.py pyproject.toml
	@$(or $(PYTHON),false) $(FITS) || { \
		echo "$(if $(filter larq,$(STACK)),STACK=larq takes Python 3.10 to 3.12,This takes Python 3.10 or later)," \
			"$(if $(PYTHON),which $(PYTHON) is not,and there is none on the path)."; \
		echo "With uv (https://docs.astral.sh/uv): uv python install 3.12"; \
		echo "then: make $(MAKECMDGOALS) PYTHON=\"\$$(uv python find 3.12)\""; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: on Debian, apt-get install python3-venv."; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip  # pip 23.0 found no end on Python 3.10
	@echo $(STACK) > $(VENV)/stack
	@touch $@

# Each of these builds the delegate once; with the packages for tests or documentation comes all that users need.
$(VENV)/installed: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --editable '.[$(STACK)]'
	@touch $@

$(VENV)/installed-test: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --editable '.[$(STACK),test]'
	@touch $(VENV)/installed $@

$(VENV)/installed-docs: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --editable '.[$(STACK),docs]'
	@touch $(VENV)/installed $@

clean:
	rm -rf $(VENV) .arm64 build dist site *.egg-info
