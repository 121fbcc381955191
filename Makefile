# Two commands do all the set-up: `make demo` and `make test`. Nothing here asks for root.

PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python

# The tests that meet an optional library.
MEETING = arrays checkpoints convert data download exports functions fuzz history idx kernels notebook notebooks \
    page peers plots program random_programs saving strategies training

.PHONY: demo test oldest docs lint coverage bench clean

demo: $(VENV)/demo.done ## the main job: the textbook's apples, node by node
	$(RUN) -m demos apples

test: $(VENV)/test.done ## the whole suite
	$(RUN) -m pytest -n 2

oldest: $(VENV)-oldest/test.done ## what meets a dependency, with the oldest versions that pyproject.toml allows
	$(VENV)-oldest/bin/python -m pytest -n 2 $(MEETING:%=tests/test_%.py)

docs: $(VENV)/docs.done ## the documentation, as pages in build/site
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet

lint: $(VENV)/lint.done ## style and types
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy

coverage: $(VENV)/test.done ## lines and branches that the suite runs: at least 97 %
	$(RUN) -m pytest -n 2 --cov

bench: $(VENV)/test.done ## benchmarks: read the ratios, not the milliseconds
	OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest tests/benchmarks -s --benchmark-enable --benchmark-only \
	    --benchmark-columns=median,iqr,rounds --benchmark-warmup=off --benchmark-sort=name --benchmark-group-by=group

clean: ## what the other targets have made
	rm -rf $(VENV) $(VENV)-oldest build .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks

$(VENV)/demo.done: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/test.done: $(VENV)/demo.done
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

$(VENV)-oldest/test.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(VENV)-oldest/bin/uv pip install --quiet --python $(VENV)-oldest/bin/python --resolution lowest-direct \
	    --editable '.[test]'
	touch $@

$(VENV)/docs.done: $(VENV)/demo.done
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@

$(VENV)/lint.done: $(VENV)/test.done
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[lint,test]'
	touch $@
