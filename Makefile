# make run         set up, fetch the hand models, and read the first camera (else the synthetic signer)
# make test        set up with TensorFlow, and run the tests, except those that only .ci/run runs
# make test-full   all tests but those on ARM, all examples of Hypothesis, and the longest cases: an hour
# make test-device the tests that a device runs: no TensorFlow
# make check       lint, types and the fast tests
# make bench       the benchmarks
# make dist        the wheel, in dist/
# make train-setup set up what training needs: TensorFlow and its companions
# make retrain     train every bundled model anew from the photographs and collections in DATA
# make clean       forget the environment; the hand models in your data folder stay
#
# PYTHON=python3.13 chooses another interpreter, ARGS="..." is passed on.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
# Two processes share the tests. The tests of one file stay together: they share what is costly.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadscope
# What fails in real time, boots a container or takes an emulator: .ci/run runs it one by one.
NOT_IN_TEST := not faults and not drill and not arm

# picamera2 comes from apt only: the environment then has to see the system's packages, and on
# Bookworm everything has to agree with the NumPy 1 that apt's libraries were built for.
PICAMERA := $(shell $(PYTHON) -c "from importlib.util import find_spec; print(find_spec('picamera2') is not None)" 2>/dev/null)
ifeq ($(PICAMERA),True)
VENV_FLAGS := --system-site-packages
NUMPY_MAJOR := $(shell $(PYTHON) -c "from importlib.metadata import version; print(version('numpy').split('.')[0])" 2>/dev/null)
ifeq ($(NUMPY_MAJOR),1)
CONSTRAINTS := --constraint systemd/constraints-bookworm.txt
endif
endif

.PHONY: run test test-full test-device check bench dist train-setup retrain clean models

run: $(VENV)/.run models
	@$(BIN)/fingerspell run $(ARGS)

test: $(VENV)/.train models
	$(PYTEST) -m "$(NOT_IN_TEST)" $(ARGS)

test-full: export HYPOTHESIS_PROFILE := full
test-full: test
	$(BIN)/python -m pytest -m "faults or drill"

test-device: $(VENV)/.test models
	$(PYTEST) -m "not tensorflow and $(NOT_IN_TEST)" $(ARGS)

check: $(VENV)/.train
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(PYTEST) -m "not slow" tests/unit tests/contract $(ARGS)

bench: $(VENV)/.run models
	$(BIN)/python -m benchmarks.latency $(ARGS)

# Setuptools' own folder, build/, would put modules into the wheel that were deleted since.
DIST ?= dist
dist: $(VENV)/.made
	rm -rf build $(DIST)
	$(BIN)/python -m pip wheel --disable-pip-version-check --quiet --no-deps --wheel-dir $(DIST) .
	rm -rf build
	@ls $(DIST)/*.whl

train-setup: $(VENV)/.training

# Labelling takes most of it; an interrupted one goes on where it stopped. What was there before
# stays until a new model is whole.
DATA ?= ../shared/data
OUT ?= out
TRAIN = $(BIN)/python -m train
CONVERT = $(BIN)/python -m convert
retrain: $(VENV)/.training models
	$(TRAIN).data.label --data $(DATA) --out $(OUT)
	$(TRAIN).letters.doubtful --data $(DATA)
	$(TRAIN).letters.shapes --data $(DATA) --out edge/handshapes/shapes.json \
		--figures train/results/shapes.json
	$(TRAIN).letters --landmarks $(OUT)/hands.npz --data $(DATA) --out $(OUT)/letters \
		--figures train/results/letters.json
	$(TRAIN).letters.closed --landmarks $(OUT)/hands.npz --out $(OUT)/closed
	$(CONVERT).quantize $(OUT)/letters/letters.keras --out edge/models/bundled/letters.tflite \
		--calibration $(OUT)/letters/calibration.npz
	$(CONVERT).quantize $(OUT)/closed/closed.keras --out edge/models/bundled/letters-closed.tflite \
		--calibration $(OUT)/closed/calibration.npz
	$(CONVERT).check edge/models/bundled/letters.tflite --keras $(OUT)/letters/letters.keras \
		--data $(OUT)/letters/calibration.npz
	$(CONVERT).check edge/models/bundled/letters-closed.tflite --keras $(OUT)/closed/closed.keras \
		--data $(OUT)/closed/calibration.npz
	$(TRAIN).motion --data $(DATA) --figures train/results/motion.json --out $(OUT)/motion
	$(CONVERT).quantize $(OUT)/motion/motion.keras --out edge/models/bundled/motion.tflite \
		--calibration $(OUT)/motion/calibration.npz

models: $(VENV)/.run
	@$(BIN)/fingerspell models --fetch >&2

clean:
	rm -rf $(VENV)

$(VENV)/.made:
	@echo "making the environment in $(VENV)" >&2
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "fingerspell needs Python 3.11 or newer: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV_FLAGS) $(VENV) || \
		{ rm -rf $(VENV); echo "cannot make an environment: sudo apt install python3-venv" >&2; exit 1; }
	@touch $@

# What is told on the way goes to stderr: stdout is for `make run ARGS="--sink jsonl:-" | ...`.
# One stamp for each set of extras, newer than setup.cfg once it is installed.
$(VENV)/.run: EXTRAS := screen,metrics,mqtt,web
$(VENV)/.test: EXTRAS := screen,metrics,mqtt,web,test
$(VENV)/.train: EXTRAS := screen,metrics,mqtt,web,test,check,train
$(VENV)/.training: EXTRAS := train
$(VENV)/.run $(VENV)/.test $(VENV)/.train $(VENV)/.training: $(VENV)/.made setup.cfg
	@echo "installing fingerspell[$(EXTRAS)]; this can take a few minutes" >&2
	@$(PIP) $(CONSTRAINTS) --editable ".[$(EXTRAS)]" >&2 || \
		{ echo "could not install: is the network there, and space on the disk?" >&2; exit 1; }
	@touch $@
