# `make` lists the targets. Everything runs in .venv, which is made from envs/requirements.lock.
#   CONFIG="config/demo.yaml"   overlay(s) on config/config.yaml for plan, status and recover; without one the papers' scale
#   PROFILE=profiles/slurm      profile of plan, status and recover; the default is profiles/local, but recover needs it given
#   PYTHON=, TORCH_INDEX=       see envs/setup.sh; gpu-report runs with PYTHON= as it is, and sets nothing up

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Packages on the shell's PYTHONPATH must not replace those of the lock.
unexport PYTHONPATH PYTHONHOME

PROFILE := profiles/local
WITH_CONFIG := $(if $(CONFIG),--configfile $(CONFIG))
SNAKEMAKE := .venv/bin/snakemake --profile $(PROFILE)
DEMO := results/demo/report/index.html
# Prints how long the rest of a recipe line took.
took = printf '%s: %d min %02d s\n' "$(1)" $$((SECONDS / 60)) $$((SECONDS % 60))

.PHONY: help setup demo score test test-slow test-cluster demo-cluster lint format plan status recover config prune clean-env gpu-report

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: ## make .venv from the lock, if it is not up to date (about 2 minutes and the downloads)
	@envs/setup.sh

demo: setup ## run everything on small data, 9 to 10 minutes on two cores, to results/demo/report/index.html
	@echo "demo: data, training, sampling, measuring, tables and the page with config/demo.yaml; 9 to 10 minutes on two cores"
	@.venv/bin/python workflow/galforge/operate/progress.py \
	.venv/bin/snakemake --profile profiles/local --configfile config/demo.yaml --resources gpu=2; \
	$(call took,demo: open $(DEMO); this took)

score: setup ## compare generated galaxies with real ones (REAL=, GENERATED=; NAME=, CATALOGUE=, PIXEL_SCALE=, ... see docs)
	@.venv/bin/python workflow/galforge/operate/score.py "$(SNAKEMAKE)" --real "$(REAL)" --generated "$(GENERATED)" \
	$(if $(NAME),--name "$(NAME)") $(if $(CATALOGUE),--catalogue "$(CATALOGUE)") $(if $(BANDS),--bands "$(BANDS)") \
	$(if $(PIXEL_SCALE),--pixel-scale $(PIXEL_SCALE)) $(if $(UNIT),--unit "$(UNIT)") $(if $(FACTOR),--factor $(FACTOR)) \
	$(if $(ZERO_POINTS),--zero-points "$(ZERO_POINTS)") $(if $(GAIN),--gain $(GAIN))

test: setup ## run all tests except the slow ones, about 10 minutes on two cores (ARGS= goes to pytest)
	@echo "test: pytest with two workers; about 10 minutes on two cores"
	@.venv/bin/python -m pytest -n 2 --dist loadfile -m "not slow" $(ARGS)

test-slow: setup ## run the slow tests, about 15 minutes on two cores (ARGS= goes to pytest)
	@.venv/bin/python -m pytest -n 2 --dist loadfile -m slow $(ARGS)

test-cluster: setup ## start a SLURM and run the tests that need one, about 10 minutes (as root; ARGS= goes to pytest)
	@.venv/bin/python tests/cluster/run.py $(ARGS)

demo-cluster: setup ## run the demo through a SLURM started for it and compare with one machine (as root; ARGS="--local results/demo")
	@.venv/bin/python tests/cluster/demo.py $(ARGS)

lint: setup ## check style: ruff, snakefmt, snakemake --lint
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/snakefmt --check workflow
	@.venv/bin/snakemake --lint

format: setup ## rewrite the code in the project's style: ruff, snakefmt
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .
	@.venv/bin/snakefmt workflow

plan: setup ## say which jobs would run and why, and their hours and disk, without running any (CONFIG=, PROFILE=)
	@.venv/bin/python workflow/galforge/estimate/command.py --profile $(PROFILE) $(WITH_CONFIG)

status: setup ## say which jobs of a run are done, running and failed, also while it runs (CONFIG=, PROFILE=)
	@.venv/bin/python workflow/galforge/operate/status.py $(SNAKEMAKE) $(WITH_CONFIG)

recover: setup ## after the driver was killed: end its jobs, unlock, run again (PROFILE= and CONFIG= of the run, ARGS=)
	$(if $(filter file,$(origin PROFILE)),$(error give the profile of the run, and its CONFIG if it had one: make recover PROFILE=profiles/slurm))
	@.venv/bin/python workflow/galforge/operate/recover.py $(if $(FORCE),--force)
	@$(SNAKEMAKE) $(WITH_CONFIG) --unlock --quiet rules host
	@$(SNAKEMAKE) $(WITH_CONFIG) $(ARGS)

config: setup ## write config/config.yaml and its JSON schema from the typed settings
	@.venv/bin/python workflow/galforge/config/files.py

gpu-report: $(if $(PYTHON),,setup) ## what a GPU says, in results/gpu-report, 8 minutes at most (PYTHON= an environment that is there, ARGS=)
	@$(or $(PYTHON),.venv/bin/python) benchmarks/gpu_report.py $(ARGS)

prune: setup ## free disk: states before the last one of finished trainings, and work of earlier settings or code
	@.venv/bin/python workflow/galforge/operate/prune.py results/*

clean-env: ## remove .venv and compiled code (results stay)
	rm -rf .venv workflow/galforge/__pycache__/compiled-*
