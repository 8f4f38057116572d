# Kidray: two commands on a fresh machine, `make demo` and `make test`. They install what they need.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
TESTS_AT_ONCE ?= 2
FRONTEND := web_viewer/frontend
VIEWER := web_viewer/static/index.html
VIEWER_SOURCES := $(shell find $(FRONTEND) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
export NO_ALBUMENTATIONS_UPDATE = 1
export LANGSMITH_TRACING = false

.PHONY: help demo run test bench bench-node bench-vision bench-reports bench-viewer pictures test-ohif test-vllm viewer wheel lint types front-test python-test test-finetune soak clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .setup/serve $(VIEWER)  ## Set everything up, start the service, send phantom studies, stay up
	$(BIN)/kidray up --demo

run: .setup/serve $(VIEWER)  ## The service without demo studies
	$(BIN)/kidray up

test: lint types front-test python-test  ## Set everything up and run every test

bench: .setup/test $(VIEWER)  ## Measure the service on this machine
	$(BIN)/python -m benchmarks

bench-vision: .setup/test  ## The network on every runtime, and the way from a file to its SEG
	$(BIN)/python -m benchmarks vision

bench-reports: .setup/test  ## The grounding check against faults, and drafts under a bad LLM
	$(BIN)/python -m benchmarks reports drafts

bench-node: .setup/test .setup/peers  ## The DICOM node beside DCMTK's storescp and Orthanc
	$(BIN)/python -m benchmarks node

bench-viewer: .setup/test .setup/peers $(VIEWER)  ## The viewer beside OHIF in one browser (fetches OHIF: 50 MB)
	$(BIN)/python -m benchmarks.ohif
	$(BIN)/python -m benchmarks viewer

pictures: .setup/test .setup/peers $(VIEWER)  ## Take the pictures of docs/viewer anew
	$(BIN)/python -m tests.pictures

test-ohif: .setup/test .setup/peers $(VIEWER)  ## The model's and a reader's SEG opened in OHIF (fetches OHIF: 50 MB)
	$(BIN)/python -m benchmarks.ohif
	$(BIN)/python -m pytest tests/web_viewer/test_ohif.py

viewer: $(VIEWER)  ## Build the viewer

wheel: .setup/test $(VIEWER)  ## Build the wheel, viewer and model inside
	$(BIN)/python -m build --wheel --outdir dist .

lint: .setup/test  ## Style and the arrows between the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .setup/test  ## mypy, strict
	$(BIN)/mypy

front-test: .setup/viewer  ## The viewer's own checks and tests
	cd $(FRONTEND) && npm run --silent check && npm test --silent

python-test: .setup/test .setup/peers $(VIEWER)  ## Python, flow and browser tests, files side by side
	$(BIN)/python -m pytest --numprocesses $(TESTS_AT_ONCE) --dist loadfile

test-finetune: .setup/finetune  ## Fine-tune, merge and quantise tiny models (2.4 GB to install, then 2 to 20 minutes)
	.venv-finetune/bin/python -m pytest tests/reporting/test_finetune_whole.py -W default -rA --timeout 3600

soak: .setup/test .setup/peers $(VIEWER)  ## Damage and faults at length: 10,000 files, 3,000 conversations, 50 kills of each role
	KIDRAY_SOAK=25 $(BIN)/python -m pytest tests/fuzz tests/fault tests/dicom_node/test_killed.py -s --timeout 7200

test-vllm: .setup/test .setup/vllm  ## The LLM's tests against a real vLLM on the CPU (3 GB in a venv of its own)
	$(BIN)/python deploy/vllm/test_cpu.py

clean:  ## Remove what was installed and built here
	rm -rf $(VENV) .venv-finetune .setup dist build web_viewer/static $(FRONTEND)/node_modules

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || { \
	  echo "$(PYTHON) is not Python 3.10 to 3.13; name one that is: make PYTHON=python3.11 ..." >&2; exit 1; }
	@echo "Setting up a virtual environment in $(VENV) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

.setup/serve: $(VENV)/pyvenv.cfg pyproject.toml constraints.txt
	@echo "Installing what the service needs (some minutes) ..."
	$(PIP) --editable .
	@mkdir -p .setup && touch $@

.setup/test: .setup/serve
	@echo "Installing what training and tests need ..."
	$(PIP) torch
	$(PIP) --editable '.[train,dev]'
	@touch $@

.setup/finetune: pyproject.toml constraints-finetune.txt
	@echo "Installing what fine-tuning needs, in .venv-finetune ..."
	$(PYTHON) -m venv .venv-finetune
	.venv-finetune/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints-finetune.txt torch
	.venv-finetune/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints-finetune.txt --editable '.[finetune,quantize]' gguf pytest pytest-timeout tokenizers
	@mkdir -p .setup && touch $@

.setup/vllm: deploy/vllm/install_cpu.sh
	deploy/vllm/install_cpu.sh .venv-vllm
	@mkdir -p .setup && touch $@

.setup/viewer: $(FRONTEND)/package-lock.json
	@command -v npm >/dev/null || { echo "npm was not found: the viewer is built with Node.js 20.19 or later" >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' || { \
	  echo "Node.js $$(node --version) is too old: the viewer is built with 20.19 or later" >&2; exit 1; }
	@echo "Installing what the viewer is built with ..."
	cd $(FRONTEND) && npm ci --no-audit --no-fund --loglevel=error
	@mkdir -p .setup && touch $@

$(VIEWER): .setup/viewer $(VIEWER_SOURCES)
	@echo "Building the viewer ..."
	cd $(FRONTEND) && npm run --silent build
	@touch $@

.setup/peers: deploy/install-peers.sh
	deploy/install-peers.sh
	@mkdir -p .setup && touch $@
