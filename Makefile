# Everything runs in a virtual environment in .venv, made on first use.
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: app test check bench torture setup clean
.DEFAULT_GOAL := app

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,check,bench]'
	touch $(STAMP)

setup: $(STAMP)          ## install into .venv

app: setup               ## build the default index if there is none, open the browser application
	$(RUN)/python app.py

test: setup              ## all tests, the slow ones too
	$(RUN)/python -m pytest

check: setup             ## formatting, lint, types
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy

bench: setup             ## quality and cost, beside the plain alternatives and other systems
	$(RUN)/python -m benchmarks.retrieval
	$(RUN)/python -m benchmarks.cost
	$(RUN)/python -m benchmarks.peers --cost

torture: setup           ## attack a server, builds and readers; an hour (see docs/reliability.md)
	$(RUN)/python -m benchmarks.torture --seconds 900 --kills 500 --askers 64

clean:                   ## remove the virtual environment; indexes and sources stay
	rm -rf $(VENV)
