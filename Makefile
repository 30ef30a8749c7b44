# `make help` lists the targets. Needs make and Python 3.10 or newer; everything else goes into .venv.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# An environment of its own for Airflow with Celery and Postgres.
DISTRIBUTED := .venv-distributed
# One for the tools of releases.
TOOLS := .venv-tools
# PYTHON=/path/to/python overrides the choice of .ci/make-venv.
PYTHON ?=
# More arguments for pytest: make test ARGS="-k polling"
ARGS ?=
# How many processes make test runs its tests in: auto is one for each core.
JOBS ?= auto
# What make fuzz feeds, and for how long each.
SECONDS ?= 60
TARGETS ?= source expression condition selector replacement response document description mutation
# The pages that people write; tests write the others.
PAGES = $(filter-out $(addprefix docs/,$(addsuffix .md,conformance corpus failures reliability security-tests)),$(wildcard *.md core/*.md docs/*.md))
# Some images set it, and then each of the many programs that the tests start compiles this package anew.
unexport PYTHONDONTWRITEBYTECODE
# KEEP=1 leaves the demo's Airflow running until Ctrl-C; SHORT=1 leaves out the slow scheduler tests.
yes = $(filter-out 0 no false,$(1))

.DEFAULT_GOAL := help
.PHONY: help install demo test test-all test-scheduler test-faults test-security test-busy test-load test-distributed test-airflow-versions test-pythons fuzz bench docs screens lint format audit release sbom constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-22s %s\n", $$1, $$2}' Makefile

demo: $(READY) ## run both workflows on a real Airflow against a mock of their APIs (KEEP=1: leave the UI running)
	@$(BIN)/airflow-arazzo demo $(if $(call yes,$(KEEP)),--keep)

test: $(READY) ## run the tests that need no running scheduler (SLOW=1: the slow ones, too; ARGS="-k polling")
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not scheduler and not distributed$(if $(call yes,$(SLOW)),, and not slow)" $(ARGS)

test-all: ## run every suite whole, drawn cases by the thousand: some hours
	@HYPOTHESIS_PROFILE=thorough ARAZZO_CORPUS=full $(MAKE) test SLOW=1
	@for suite in scheduler faults busy security load distributed airflow-versions pythons; do $(MAKE) test-$$suite || exit 1; done
	@$(MAKE) fuzz lint docs

test-scheduler: $(READY) ## run the tests that start Airflow's four components (SHORT=1: without the slow ones)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "scheduler$(if $(call yes,$(SHORT)), and not slow)" $(or $(ARGS),tests)

test-faults: $(READY) ## kill each part of Airflow at each moment, a quarter of an hour; writes docs/reliability.md
	@UPDATE_GOLDEN=1 $(BIN)/python -m pytest tests/faults -k "not short_form" $(ARGS)

test-busy: $(READY) ## judge criteria alone, and at nice 19 beside four busy processes, seven minutes: the verdicts must be the same
	@$(BIN)/python benchmarks/busy_verdicts.py

test-security: $(READY) ## play the attacks that have to fail, half an hour with a real scheduler; writes docs/security-tests.md
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -p security_page -m attack $(ARGS)

test-load: $(READY) ## run a workflow a hundred times at once on an Airflow of one machine (RUNS=100)
	@RUNS=$(or $(RUNS),100) $(BIN)/python -m pytest -rA tests/scheduler/test_many_runs.py $(ARGS)

test-distributed: $(DISTRIBUTED)/.ready ## kill one of two Celery workers and of two triggerers in the middle (RUNS=200; INSTALL=1)
	@sh .ci/find-services $(call yes,$(INSTALL))
	@RUNS=$(or $(RUNS),200) $(DISTRIBUTED)/bin/python -m pytest -rA tests/distributed $(ARGS)

test-airflow-versions: ## run the tests of the provider under the newest Airflow 3.1, 3.2, 3.3 and the pre-release of 3.4 (VERSIONS="3.1.8"; SHORT=1: a few under the oldest)
	@sh .ci/make-venv .venv-airflow/tools "$(PYTHON)"
	@VERSIONS="$(VERSIONS)" SHORT="$(call yes,$(SHORT))" sh .ci/test-airflow-versions .venv-airflow/tools/bin/python $(ARGS)

test-pythons: $(READY) ## run the tests that need no Airflow under the other Pythons found here (PYTHONS="3.10"; SHORT=1: the oldest)
	@PYTHONS="$(PYTHONS)" SHORT="$(call yes,$(SHORT))" sh .ci/test-pythons $(BIN)/python $(ARGS)

fuzz: $(VENV)/.fuzz ## feed the parsers whatever gets further, guided by coverage (SECONDS=60 each, TARGETS="source condition")
	@failed=; for target in $(TARGETS); do echo "== $$target: $(SECONDS) s"; \
	  $(BIN)/python core/tests/fuzz/guided_fuzzing.py $$target $(SECONDS) || failed="$$failed $$target"; done; \
	  [ -z "$$failed" ] || { echo "Something escaped:$$failed. The inputs are in .fuzz." >&2; exit 1; }

bench: $(READY) ## measure commands, DAG files, documents of 10 to 10,000 steps, folders of DAGs, polls and tasks (ROUNDS=15)
	@$(BIN)/python benchmarks/startup.py --rounds $(or $(ROUNDS),15)
	@$(BIN)/python benchmarks/dag_file.py
	@$(BIN)/python benchmarks/scale.py
	@$(BIN)/python benchmarks/growth.py
	@$(BIN)/python benchmarks/polling.py
	@$(BIN)/python benchmarks/contract_checks.py
	@$(BIN)/python benchmarks/scheduler.py --rounds $(or $(ROUNDS),5)

docs: $(VENV)/.docs ## build the site into build/docs, strictly: a warning is an error
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -j auto -c docs -d build/doctrees . build/docs
	@echo "build/docs/index.html"

screens: $(VENV)/.screens ## take the pictures of docs/images anew, with an Airflow and Chromium (ARGS="trigger-form")
	@$(BIN)/python .ci/screens $(ARGS)

lint: $(READY) ## check style, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## format code and pages, and fix what can be fixed
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python .ci/wrap-pages $(PAGES)

audit: $(TOOLS)/.ready ## ask osv.dev whether a version that constraints.txt names has a known vulnerability
	@$(TOOLS)/bin/python .ci/audit

release: $(READY) ## build both distributions into dist/ and check versions, changelog and metadata
	@$(BIN)/python -m pip install -qq --constraint constraints.txt --constraint .ci/tools.txt twine
	@$(BIN)/python .ci/release

sbom: $(TOOLS)/.ready ## after make release: list what it brings with it, as CycloneDX, in dist/
	@sh .ci/sbom $(TOOLS)/bin/python

install: $(READY) ## make .venv with everything in constraints.txt

# hatchling comes first, so that the build itself runs on a pinned version too.
$(READY): pyproject.toml core/pyproject.toml constraints.txt
	@sh .ci/make-venv $(VENV) "$(PYTHON)"
	@echo "Installing what constraints.txt names into $(VENV): a minute or two, once."
	@$(BIN)/python -m pip install -qq --no-compile --constraint constraints.txt editables hatchling
	@$(BIN)/python -m pip install -qq --no-compile --no-build-isolation --constraint constraints.txt --editable ./core --editable '.[dev]'
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $(READY)

# In a stamp of its own: it has wheels for some platforms only, and is never built here.
$(VENV)/.fuzz: $(READY)
	@$(BIN)/python -m pip install -qq --only-binary atheris --constraint constraints.txt atheris || \
	  { echo "Fuzzing needs atheris, which has wheels for Linux on x86_64 only. Elsewhere the same functions are fed by" \
	    "random inputs: make test ARGS=core/tests/fuzz" >&2; exit 1; }
	@touch $@

$(VENV)/.docs: $(READY)
	@$(BIN)/python -m pip install -qq --no-build-isolation --constraint constraints.txt --editable ./core --editable '.[docs]'
	@touch $@

# Needs Chromium, which is looked for on this machine: a browser is never downloaded.
$(VENV)/.screens: $(READY)
	@$(BIN)/python -m pip install -qq --constraint constraints.txt --constraint .ci/tools.txt playwright
	@touch $@

$(DISTRIBUTED)/.ready: pyproject.toml core/pyproject.toml constraints.txt
	@sh .ci/make-venv $(DISTRIBUTED) "$(PYTHON)"
	@echo "Installing Airflow with Celery and Postgres into $(DISTRIBUTED): a minute or two, once."
	@$(DISTRIBUTED)/bin/python -m pip install -qq --no-compile --constraint constraints.txt editables hatchling pytest
	@$(DISTRIBUTED)/bin/python -m pip install -qq --no-compile --no-build-isolation --constraint constraints.txt --editable ./core --editable '.[celery]'
	@$(DISTRIBUTED)/bin/python -m compileall -qq -j 0 $(DISTRIBUTED)/lib || true
	@touch $@

$(TOOLS)/.ready: .ci/tools.txt
	@sh .ci/make-venv $(TOOLS) "$(PYTHON)"
	@$(TOOLS)/bin/python -m pip install -qq --constraint .ci/tools.txt cyclonedx-bom pip-audit
	@touch $@

# Needs uv. Not part of any other target: the versions change only when somebody means it.
constraints: ## resolve every version anew into constraints.txt and .ci/tools.txt
	@echo 'arazzo-core[async,dags,mock] @ file://$(CURDIR)/core' > constraints.beside
	@{ head -1 constraints.txt; echo 'apache-airflow==3.3.2' | uv pip compile --quiet --universal --python-version 3.10 \
	    --extra celery --extra dev --extra docs --extra fuzz --no-emit-package arazzo-core --no-annotate --no-header \
	    --override constraints.beside --constraint /dev/stdin pyproject.toml; } > constraints.new
	@rm constraints.beside
	@mv constraints.new constraints.txt
	@{ head -1 .ci/tools.txt; printf '%s\n' cyclonedx-bom pip-audit playwright twine uv | uv pip compile --quiet --universal \
	    --python-version 3.10 --no-annotate --no-header --constraint constraints.txt -; } > constraints.new
	@mv constraints.new .ci/tools.txt

clean: ## remove the environments, the demo's Airflow and every cache
	@rm -rf $(VENV) $(DISTRIBUTED) $(TOOLS) .venv-airflow .venv-pythons .demo .fuzz build dist core/dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find airflow_arazzo core dags tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
