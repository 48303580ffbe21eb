# Everything a developer or a visitor does here; `make help` lists it.
# The environment lies in .venv, is pinned by constraints.txt and is made anew when either file changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
REAL_MONTH := ../shared/data/ga_merch_store_2016-08
DATA ?= $(wildcard $(REAL_MONTH))

unexport PYTHONDONTWRITEBYTECODE  # without its cache every process of ours starts 2 CPU seconds later

.DEFAULT_GOAL := help
.PHONY: help demo up down test test-all lint format bench schemas licences clean prerequisites

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

prerequisites:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; found: $$($(PYTHON) --version 2>&1). Install it (Debian: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python3.11"; exit 1; }
	@java -version 2>&1 | awk -F '"' '/version/ {split($$2, part, "."); found = part[1] + 0} END {exit found < 17}' || { \
	  echo "Java 17 or newer is needed for Apache Kafka; found: $$(java -version 2>&1 | head -n 1). Install it (Debian: apt-get install openjdk-17-jre-headless)"; exit 1; }
	@command -v mvn >/dev/null || { \
	  echo "Maven is needed to fetch Apache Kafka's published jars. Install it (Debian: apt-get install maven)"; exit 1; }

$(READY): pyproject.toml constraints.txt | prerequisites
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python -c constraints.txt -e '.[embedded,dev]'
	@touch $(READY)

demo: $(READY) ## play a month of a shop from the topic to the trigger feed (DATA=folder for another)
	$(BIN)/active-analytics demo $(if $(DATA),--data '$(DATA)')

up: $(READY) ## start Kafka, the warehouse, the stream worker and Dagster
	$(BIN)/active-analytics up

down: $(READY) ## stop what `make up` or `make demo` started; the data stays
	$(BIN)/active-analytics down

# In the order of their names: sorted by the number of tests, the long files, which have few, would
# come last and leave one process idle.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
JARS := .local/kafka/jars/pom.xml

$(JARS): $(READY)
	@$(BIN)/active-analytics kafka fetch --into $(@D)

test: $(READY) $(JARS) ## what must hold at every commit
	$(PYTEST) -m 'not long'

test-all: lint $(JARS) ## the same, and the long proofs, and the linters
	$(PYTEST)

lint: $(READY) ## style, types, layers and SQL
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests

format: $(READY) ## rewrite Python as the linter wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## every figure that README states
	for one in enrich ingest publisher collector imports warehouse_insert; do $(BIN)/python -m bench.$$one --json || exit 1; done

schemas: $(READY) ## write the JSON Schemas of the contract anew
	$(BIN)/python -m streams.schemas
	$(BIN)/python -m streams.importers.mapped
	$(BIN)/python -m orchestration.schemas

licences: $(READY) ## write the list of third-party licences anew
	$(BIN)/python -m tests.licences

clean: ## delete this machine's data (stop the services first)
	@test ! -x $(BIN)/active-analytics || $(BIN)/active-analytics down
	home="$${LOCAL_HOME:-.local}"; test ! -d "$$home/kafka" -a ! -d "$$home/warehouse" || rm -rf "$$home"
