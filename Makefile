# make run    sets up what the demo needs and runs it        make test   sets up what the tests need and runs them
#
# Both share .venv. What they install comes from deploy/locks, where the demo's lock is a part of the tests' lock, with
# the same versions, so that neither can damage the other. A stamp in .venv remembers what is installed already.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
LOCKS := deploy/locks
KAFKA := deploy/kafka
PYTEST_ARGS ?=
FUZZ_ARGS ?=
BENCH_ARGS ?=
# Tests wait for servers more than they compute: three at once take half the time on two cores.
PYTEST_WORKERS ?= 3
# Tests of single parts: what `make pythons` tries.
PARTS := models text rules engine agents twinwatch state
# And what `make further` tries, which has to be quick: something of each room.
FURTHER := models rules text/test_normalise.py text/test_likeness.py text/test_reading.py agents/test_settings.py twinwatch/test_cli.py
# What `make coverage` measures, by the tests of the same parts; `source_pkgs` in pyproject.toml names the same.
MEASURED := models text rules agents twinwatch
# What `make chaos` plays: so many schedules with seeds from the first one on, records of each, and
# how many side by side.
SEED ?= 1
SCHEDULES ?= 30
EVENTS ?= 100000
LANES ?= 1
# How often `make kills` kills Kafka.
KILLS ?= 100
# `--write` for both writes what came of it into docs/reliability.md.
CHAOS_ARGS ?=

# The newest Python from 3.11 on that can make an environment by itself; else the newest from 3.11 on.
# Each is run once, because a version manager may leave commands on the path that only complain.
ifndef PYTHON
PYTHON := $(shell \
    for wanted in 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 'import sys; sys.exit(sys.version_info < (3, 11))'; do \
        for python in python3.14 python3.13 python3.12 python3.11 python3; do \
            "$$python" -c "$$wanted" >/dev/null 2>&1 && command -v "$$python" && exit; \
        done; \
    done)
endif

# The tests start a process again and again: each takes half the time where modules are compiled once.
unexport PYTHONDONTWRITEBYTECODE

# What runs long ends with make, even where make is killed: a timeout kills no more than that.
KEPT := $(shell command -v setpriv >/dev/null && echo setpriv --pdeathsig KILL)

# pip's advice to upgrade itself is not ours to give.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Compiling all modules beforehand would double the time that an installation takes; most are never imported.
INSTALL := $(PIP) install --no-compile --require-hashes
# setuptools warns of whatever an editable installation might hide; here it is this directory, as is meant
INSTALL_PROJECT := PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable .
# Else each start would make its tables, which takes longer than all else of it, where Python may keep nothing: text/tables.py
MAKE_TABLES := $(BIN)/python -P -c "import engine.engine, engine.loading; engine.loading.load_tables()"

.PHONY: help run test install lint format fuzz kafka unit quick coverage pythons further parts sbom pages docs servers chaos kills bench lock clean

help:  ## show this
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

run: $(VENV)/.demo  ## play a sample day through Kafka, worker and Redis, all on this machine
	@$(BIN)/twinwatch demo

install: $(VENV)/.demo  ## put the command at .venv/bin/twinwatch
	@echo "$(BIN)/twinwatch is ready; $(BIN)/twinwatch --help says what it can do"

test: lint kafka unit  ## check the code and run every test

lint: $(VENV)/.dev  ## check style, format, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

kafka:  ## fetch a genuine Apache Kafka for the tests, where there are Java and Maven
	@if test $(KAFKA)/target/libs/.fetched -nt $(KAFKA)/pom.xml; then \
	    :; \
	elif command -v java >/dev/null && command -v mvn >/dev/null; then \
	    echo "fetching Apache Kafka into $(KAFKA)/target"; \
	    rm -rf $(KAFKA)/target; \
	    if mvn --batch-mode --quiet --file $(KAFKA)/pom.xml package; then \
	        touch $(KAFKA)/target/libs/.fetched; \
	    else \
	        echo "Apache Kafka could not be fetched: the tests that need it will be skipped" >&2; \
	    fi; \
	else \
	    echo "Java or Maven is missing: the tests that need a genuine Apache Kafka will be skipped"; \
	fi

unit: $(VENV)/.dev  ## run every test (PYTEST_ARGS="-k forum" runs some)
	$(KEPT) $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal $(PYTEST_ARGS)

quick: $(VENV)/.dev  ## run every test that needs no server
	$(KEPT) $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal --quick $(PYTEST_ARGS)

coverage: $(VENV)/.dev  ## run the quick tests of some rooms, and fail where they run too little of their code (build/coverage/html)
	@rm -rf build/coverage && mkdir -p build/coverage
	$(KEPT) $(BIN)/coverage run -m pytest -n $(PYTEST_WORKERS) --dist worksteal --quick $(addprefix tests/,$(MEASURED)) $(PYTEST_ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage html --quiet
	@$(BIN)/coverage report --skip-covered --sort=cover

pythons:  ## run the same tests with every Python from 3.11 to 3.14 that this machine has
	@for version in $(filter-out $(BUT),3.11 3.12 3.13 3.14); do \
	    for python in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python; do \
	        if "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	            echo "Python $$version: $$python"; \
	            $(MAKE) --no-print-directory VENV=build/python$$version PYTHON="$$python" parts || exit 1; \
	            continue 2; \
	        fi; \
	    done; \
	    echo "Python $$version: not on this machine"; \
	done

further: $(VENV)/.dev  ## run a few of them with every Python but the one of .venv: what CI has time for
	@$(MAKE) --no-print-directory pythons PARTS="$(FURTHER)" \
	    BUT="$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"

parts: $(VENV)/.dev
	$(KEPT) $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal --quick $(addprefix tests/,$(PARTS)) $(PYTEST_ARGS)

# A licence is allowed where it has one of these words: none that would bind who runs or changes twinwatch.
LICENCES := Apache;BSD;MIT;MPL-2.0;Mozilla Public License 2.0;Lesser General Public;PSF;Python Software Foundation;Repoze Public

sbom: $(VENV)/.dev  ## list what a worker is made of: build/sbom/worker.cdx.json (CycloneDX) and build/sbom/licences.md
	@mkdir -p build/sbom
	@PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements $(LOCKS)/worker.txt --pyproject pyproject.toml \
	    --output-reproducible --output-format JSON --output-file build/sbom/worker.cdx.json
	@$(BIN)/pip-licenses --from=mixed --format=markdown --with-urls --output-file=build/sbom/licences.md \
	    --partial-match --allow-only="$(LICENCES)" --packages $$(sed -nE 's/^([A-Za-z0-9_.-]+)==.*/\1/p' $(LOCKS)/worker.txt) >/dev/null
	@echo "$$(grep -c '==' $(LOCKS)/worker.txt) packages: build/sbom/worker.cdx.json, build/sbom/licences.md"

# Each page is written whole or not at all.
define page
	@$(BIN)/twinwatch $(1) > docs/$(2).new && mv docs/$(2).new docs/$(2) || { rm -f docs/$(2).new; exit 1; }
endef

pages: $(VENV)/.dev  ## write what commands write: the pages of reference, and the picture of a demonstration
	$(call page,schema --markdown,contract.md)
	$(call page,policy show --format markdown,policy.md)
	$(call page,settings --format markdown,settings.md)
	$(call page,metrics --markdown,metrics.md)
	$(call page,languages --markdown,languages.md)
	@$(BIN)/python -m benchmarks.performance --pages
	@$(BIN)/twinwatch demo --speed 20000 --picture docs/demo.svg >/dev/null

docs: $(VENV)/.dev pages  ## the same, and the documentation as a site, build/site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --config-file deploy/site/mkdocs.yml

servers: $(VENV)/.demo  ## run Kafka and Redis on this machine, without Docker, until Ctrl-C
	@$(BIN)/python -m twinwatch.embedded $(VENV)/servers.env

chaos: $(VENV)/.dev kafka  ## break everything in turn for hours (SEED=17 SCHEDULES=1 EVENTS=5000 for one short schedule)
	$(KEPT) $(BIN)/python -m tests.chaos --seed $(SEED) --schedules $(SCHEDULES) --events $(EVENTS) --lanes $(LANES) $(CHAOS_ARGS)

kills: $(VENV)/.dev kafka  ## kill Kafka again and again, and let it come back slowly (KILLS=4 for a few)
	$(KEPT) $(BIN)/python -m tests.chaos.kills --seed $(SEED) --kills $(KILLS) $(CHAOS_ARGS)

bench: $(VENV)/.dev kafka  ## measure how fast it is, and write docs/performance.md (BENCH_ARGS=--short takes minutes, not an hour)
	$(KEPT) $(BIN)/python -m benchmarks.performance $(BENCH_ARGS)

fuzz: $(VENV)/.dev  ## try a million made-up inputs (FUZZ_ARGS="--inputs 1000" tries fewer)
	$(KEPT) $(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

format: $(VENV)/.dev  ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.dev  ## write the locks again (UPGRADE=--upgrade takes newer versions)
	$(call compile,--extra embedded --extra tracing --group dev pyproject.toml,dev)
	$(call compile,--extra embedded pyproject.toml --constraints $(LOCKS)/dev.txt,demo)
	$(call compile,--extra tracing pyproject.toml --constraints $(LOCKS)/dev.txt,worker)
	$(call compile,--group docs --constraints $(LOCKS)/dev.txt,docs)
	$(call compile,--group build,build)

clean:  ## remove everything that was made here
	rm -rf $(VENV) $(KAFKA)/target build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call compile,what,lock): one version of everything for all platforms and all Pythons from 3.11 on, with the hashes
# that the public index gives, and neither an address nor a path of the machine that wrote it.
define compile
	$(BIN)/uv --no-config pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) $(1) --output-file $(LOCKS)/$(2).txt
endef

# Where Debian's python3-venv is missing, a pip of the system can still fill an environment.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "twinwatch needs Python 3.11 or newer: none is on the path (apt install python3 python3-venv, or make PYTHON=/path/to/python3)" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "twinwatch needs Python 3.11 or newer; $(PYTHON) is" "$$("$(PYTHON)" --version 2>&1)" >&2; exit 1; }
	@if "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
	    "$(PYTHON)" -m venv $(VENV); \
	elif "$(PYTHON)" -m pip --version >/dev/null 2>&1; then \
	    "$(PYTHON)" -m venv --without-pip $(VENV) && "$(PYTHON)" -m pip --disable-pip-version-check --quiet --python $(BIN)/python install --require-hashes -r $(LOCKS)/build.txt; \
	else \
	    echo "$(PYTHON) has neither ensurepip nor pip: apt install python3-venv, or make PYTHON=/path/to/another/python3" >&2; exit 1; \
	fi || { rm -rf $(VENV); exit 1; }

$(VENV)/.demo: $(LOCKS)/build.txt $(LOCKS)/demo.txt pyproject.toml | $(BIN)/python
	@echo "installing from $(LOCKS)/demo.txt into $(VENV)"
	@$(INSTALL) -r $(LOCKS)/build.txt -r $(LOCKS)/demo.txt
	@$(INSTALL_PROJECT)
	@$(MAKE_TABLES)
	@touch $@

$(VENV)/.dev: $(LOCKS)/build.txt $(LOCKS)/demo.txt $(LOCKS)/dev.txt pyproject.toml | $(BIN)/python
	@echo "installing from $(LOCKS)/dev.txt into $(VENV)"
	@$(INSTALL) -r $(LOCKS)/build.txt -r $(LOCKS)/dev.txt
	@$(INSTALL_PROJECT)
	@$(MAKE_TABLES)
	@touch $@ $(VENV)/.demo
