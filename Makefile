# Everything runs in a virtual environment in .venv, made on first use.
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: app test check bench torture lock sbom setup clean
.DEFAULT_GOAL := app

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,check,bench]'
	touch $(STAMP)

setup: $(STAMP)          ## install into .venv

app: setup               ## start the browser application, and build the default index if there is none
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
	$(RUN)/python -m benchmarks.torture --minutes 15 --kills 100 --askers 64

# What torch brings on Linux (CUDA, 3 GB) is left out with it: which build of torch fits is for the
# machine to say.
WITHOUT = torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti \
  nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand \
  nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
  nvidia-nvshmem-cu13 nvidia-nvtx

lock: setup              ## pin every package of a release, with the hashes that PyPI publishes
	$(RUN)/python -m uv pip compile pyproject.toml --constraint constraints.txt --no-config --universal \
		--python-version 3.11 --generate-hashes --default-index https://pypi.org/simple --no-annotate \
		--no-header $(WITHOUT:%=--no-emit-package %) --output-file requirements.lock

sbom: setup              ## list all packages that run, with versions and licences (CycloneDX)
	$(RUN)/python -m benchmarks.sbom dist/source-finder.cdx.json

clean:                   ## remove the virtual environment; indexes and sources stay
	rm -rf $(VENV)
