# Alerte Maires: everything from a fresh clone with python3, its venv and make.
# PYTHON=python3.12 make install chooses another interpreter.

PYTHON ?= python3
BIN := .venv/bin
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check
RUNTIME := .venv/.installed-runtime
DEVELOPMENT := .venv/.installed-dev

.PHONY: help install demo dev test sqlite-test tools-test browser-test screenshots chaos bench check format openapi clean
.DEFAULT_GOAL := help

help:
	@echo "make install   prépare .venv (verrouillé par requirements/runtime.txt)"
	@echo "make demo      montre le parcours complet avec le prestataire simulé"
	@echo "make dev       le service avec simulateur et données d’exemple, relancé à chaque changement"
	@echo "make test      toute la suite, sur PostgreSQL (moins de six minutes)"
	@echo "make sqlite-test   ce qui touche à la base, de nouveau, sur SQLite"
	@echo "make tools-test    chaos et bench, chacun en court (une minute)"
	@echo "make browser-test  la console dans un vrai navigateur, tâche par tâche (chromium)"
	@echo "make screenshots   toutes les pages de la console, en images, dans screenshots/"
	@echo "make chaos     le vrai service sous des pannes, une par une, jugé chez l’opérateur (10 min)"
	@echo "make bench     ce que le service peut sur cette machine, PostgreSQL et Valkey compris"
	@echo "make check     ruff, mypy, import-linter, contrôles de mise en production"
	@echo "make format    met le code en forme (ruff)"
	@echo "make openapi   écrit docs/openapi.json, la description de l’API"
	@echo "make clean     retire .venv et ce que les outils ont laissé"

install: $(RUNTIME)

# The stamp is written last: an install that was cut short is done again.
$(RUNTIME): requirements/runtime.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 ou plus récent est nécessaire ; $(PYTHON) est : $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "En installer un, puis par exemple : make PYTHON=python3.12 install" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "Le module venv manque à $(PYTHON). Sous Debian ou Ubuntu : apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installation dans .venv, une minute environ…"
	@$(PIP) --require-hashes -r requirements/runtime.txt && $(PIP) --no-deps --no-build-isolation -e . || { \
	  echo "L’installation a échoué, les lignes ci-dessus disent pourquoi. Un index de paquets Python est-il joignable ?" >&2; \
	  exit 1; }
	@touch $@

$(DEVELOPMENT): requirements/dev.txt $(RUNTIME)
	@echo "Installation des outils de développement dans .venv…"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(RUNTIME)
	@$(BIN)/notifier demo

# What runs starts again when a file of its code, texts or configuration changes; Ctrl-C ends all.
dev: $(DEVELOPMENT)
	@$(BIN)/notifier up --simulator --samples --reload

PYTEST := $(BIN)/python -m pytest

# COVERAGE=1 tells which lines were reached, as CI wants to know, and takes a tenth longer.
COVERAGE ?=
measured = $(if $(COVERAGE),-p tests.harness.coverage --coverage "$$logs/$(1).json")

# Each test once: on PostgreSQL, which is what carries a département, but on SQLite, the quicker,
# where a mark says that it is no matter of SQL. Each of the four goes to its end, whatever the
# others say. The one that starts processes mostly waits: it goes before the others.
test: $(DEVELOPMENT)
	@several=0; one=0; sqlite=0; rest=0; coverage=0; logs=$$(mktemp -d) && trap 'rm -rf "$$logs"' EXIT; \
	$(PYTEST) --database postgresql --only several-connections,several-connections-once > "$$logs/1" 2>&1 & first=$$!; \
	nice $(PYTEST) $(call measured,sqlite) --database sqlite --only one-connection-once > "$$logs/2" 2>&1 & second=$$!; \
	nice $(PYTEST) $(call measured,rest) --only without-database > "$$logs/3" 2>&1 & third=$$!; \
	echo "Quatre suites à la fois : PostgreSQL, une connexion, ici ; les trois autres à la fin."; \
	nice $(PYTEST) $(call measured,one) --database postgresql --only one-connection || one=$$?; \
	wait $$first || several=$$?; cat "$$logs/1"; \
	wait $$second || sqlite=$$?; cat "$$logs/2"; \
	wait $$third || rest=$$?; cat "$$logs/3"; \
	test -z "$(COVERAGE)" || $(BIN)/python -m tests.harness.coverage "$$logs"/*.json || coverage=$$?; \
	echo "PostgreSQL : codes $$one et $$several. SQLite : code $$sqlite. Sans base : code $$rest."; \
	test $$several -eq 0 -a $$one -eq 0 -a $$sqlite -eq 0 -a $$rest -eq 0 -a $$coverage -eq 0

# What `make test` tried on PostgreSQL alone, on SQLite, on which the service starts without a server.
sqlite-test: $(DEVELOPMENT)
	@$(PYTEST) --database sqlite --only several-connections,one-connection

# That what `make chaos` and `make bench` run still does: a short run of each.
tools-test: $(DEVELOPMENT)
	@$(PYTEST) --database postgresql tests/chaos tests/bench

# TESTS="-k log_in" plays less. Elsewhere than in CI, a machine without chromium only says so.
TESTS ?=
HAS_CHROMIUM = command -v "$${CHROMIUM:-chromium}" >/dev/null || { \
	  echo "Pas de chromium : la console n’a pas été essayée dans un navigateur (apt install chromium)."; \
	  test -z "$$CI"; exit $$?; }

browser-test: $(DEVELOPMENT)
	@$(HAS_CHROMIUM); $(BIN)/python -m pytest tests/browser $(TESTS)

screenshots: $(DEVELOPMENT)
	@$(HAS_CHROMIUM); $(BIN)/python -m tests.browser.screenshots

# CHAOS="--seed 1 --only broker-lost --database sqlite" plays less.
chaos: $(DEVELOPMENT)
	$(BIN)/python -m tests.chaos $(CHAOS)

# Takes all of both cores for half an hour; `python -m tests.bench --help` says how to take less.
bench: $(DEVELOPMENT)
	@$(BIN)/python -m tests.bench

# `check --deploy` judges what an operator would run: the example configuration, filled in.
check: $(DEVELOPMENT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	sed 's/REMPLACER/verification/' config/notifier.env.example > "$$folder/env" && \
	set -a && . "$$folder/env" && set +a && \
	DATABASE_URL= BROKER_URL= DATA_DIR=$$folder && export DATABASE_URL BROKER_URL DATA_DIR && \
	$(BIN)/notifier migrate --verbosity 0 && \
	$(BIN)/notifier check --deploy --fail-level WARNING && \
	$(BIN)/notifier makemigrations --check --dry-run

format: $(DEVELOPMENT)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The same document that the service answers at /api/v1/openapi.json; a test compares them.
openapi: $(RUNTIME)
	@$(BIN)/notifier export_openapi_schema --api notifier.urls.api --indent 2 --output docs/openapi.json
	@echo >> docs/openapi.json

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
