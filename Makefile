# Needs Python >= 3.11 and make, nothing else: every target sets up .venv itself (test-interop and bench-peers: their own).
# Choose another interpreter with `make demo PYTHON=python3.12`, pass options with `make test ARGS="-x -k demo"`.

AT_LEAST_311 := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c "$(AT_LEAST_311)" >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock
LOCKED := segment parquet app huggingface dask remote docs dev
ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo ui test test-interop test-versions check format docs bench bench-peers dist lock clean

help:
	@echo "make demo    segment synthetic micrographs into out/demo"
	@echo "make ui      open the web app in the browser           ARGS='--port 8000'"
	@echo "make test    run the test suite                       ARGS='-x -k name'"
	@echo "make test-interop   the engine inside librosa, HyperSpy, MNE, cNMF and scikit-learn (installs them, 1 GB)"
	@echo "make test-versions  the engine's tests with the lowest and the newest versions that pyproject.toml allows"
	@echo "make check   linter, formatter, types, import rules"
	@echo "make format  let ruff rewrite what it can"
	@echo "make docs    build the documentation into out/docs, warnings as errors"
	@echo "make bench   run the benchmarks into out/benchmarks    ARGS='--quick --case tall'"
	@echo "make bench-peers    the same beside every other package that factorises (installs them, 1 to 6 GB)"
	@echo "make dist    wheel and sdist into dist, tried in an empty environment"
	@echo "make lock    resolve requirements.lock again"
	@echo "make clean   remove what the other targets made, .venv included"

demo: .venv/segment.stamp
	$(BIN)/segment demo -o out/demo $(ARGS)

ui: .venv/app.stamp
	$(BIN)/segment ui $(ARGS)

test: .venv/dev.stamp
	$(BIN)/python -m pytest -n auto $(ARGS)

test-interop: .venv-interop/stamp
	.venv-interop/bin/python -m pytest tests/interop $(ARGS)

test-versions: .venv-lowest/stamp .venv-newest/stamp
	.venv-lowest/bin/python -m pytest -n auto tests/nmfcore $(ARGS)
	.venv-newest/bin/python -m pytest -n auto tests/nmfcore $(ARGS)

# All four run, so that one look shows everything there is to mend.
check: .venv/dev.stamp
	@failed=; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/pyright || failed=1; \
	$(BIN)/lint-imports --no-cache || failed=1; \
	test -z "$$failed"

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# A page for each public name is written into docs/reference/api first.
docs: .venv/docs.stamp
	rm -rf docs/reference/api
	$(BIN)/python -m sphinx --builder html --fail-on-warning --fresh-env --quiet docs out/docs $(ARGS)
	@echo "Open out/docs/index.html"

bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks $(ARGS)

bench-peers: .venv-peers/stamp
	.venv-peers/bin/python -m benchmarks $(ARGS)

# The wheel is built from the sdist, so that what the sdist lacks is missed here.
dist:
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	rm -rf dist .venv-dist
	$(PYTHON) -m venv .venv-dist
	.venv-dist/bin/python -m pip install --quiet --disable-pip-version-check build
	.venv-dist/bin/python -m build --outdir dist .
	.venv-dist/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.lock "$$(ls dist/*.whl)[segment,app]"
	cd dist && ../.venv-dist/bin/python -P ../tests/dist/installed.py ..

lock:
	uv pip compile pyproject.toml $(addprefix --extra ,$(LOCKED)) --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header -o requirements.lock

clean:
	rm -rf .venv .venv-dist .venv-interop .venv-lowest .venv-newest .venv-peers out build dist *.egg-info .pytest_cache .hypothesis .ruff_cache .import_linter_cache docs/reference/api
	find nmfcore segment benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A virtual environment is complete once it has pip: an interrupted or pip-less one is made again in place.
$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@$(PYTHON) -c "$(AT_LEAST_311)" || { echo "$(PYTHON) is not Python >= 3.11 with the venv and ensurepip modules" >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON): once, some minutes, mostly without a word"
	$(PYTHON) -m venv .venv

.venv/segment.stamp: pyproject.toml requirements.lock | $(BIN)/pip
	$(INSTALL) -e '.[segment]'
	@touch $@

.venv/app.stamp: pyproject.toml requirements.lock | $(BIN)/pip
	$(INSTALL) -e '.[segment,app]'
	@touch $@ .venv/segment.stamp

# The development install contains the others, so it stamps them all.
.venv/dev.stamp: pyproject.toml requirements.lock | $(BIN)/pip
	$(INSTALL) -e '.[segment,app,huggingface,dev]'
	@touch $@ .venv/segment.stamp .venv/app.stamp

.venv/docs.stamp: pyproject.toml requirements.lock | $(BIN)/pip
	$(INSTALL) -e '.[segment,docs]'
	@touch $@ .venv/segment.stamp

# The packages that plug the engine in: heavy, as new as they come, none of them in the lock file or in .venv.
.venv-interop/stamp: pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv-interop
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check -e '.[interop]'
	@touch $@

# The lower bounds of pyproject.toml as constraints: "numpy>=1.26" becomes "numpy==1.26.*".
LOWEST := import re, tomllib; \
	project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	wanted = project["dependencies"] + project["optional-dependencies"]["dev"]; \
	found = [re.match(r"([\w.-]+)(?:\[.*\])?>=([\d.]+)", one) for one in wanted]; \
	print(*sorted({f"{one[1]}=={one[2]}" + (".*" if "." in one[2] else ".0.*") for one in found if one}), sep="\n")

.venv-lowest/stamp: pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv-lowest
	$(PYTHON) -c '$(LOWEST)' > .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check -c .venv-lowest/constraints.txt -e '.[dev]'
	@touch $@

.venv-newest/stamp: pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# What the benchmarks compare with. nn-fac asks for a tensorly of 2021, and runs with today's.
.venv-peers/stamp: pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python >= 3.11 with venv found; name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -e '.[segment,peers]'
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps nn-fac
	@touch $@
