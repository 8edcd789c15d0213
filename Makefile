# GNU make. Every target sets up what it needs, from Debian packages to a virtual environment in
# .venv, and does nothing twice.

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
SYSTEM := $(VENV)/.system-packages
INSTALLED := $(VENV)/.installed
EXTENSION := libbpf_iter/_extension.abi3.so
EXTENSIONS := $(EXTENSION) libbpf_iter/_records.abi3.so libbpf_iter/_arrow.abi3.so

# Debian keeps bpftool and ip where a user's PATH may not look.
export PATH := $(PATH):/usr/sbin:/sbin

# Root can load programs, so there a test that is skipped for want of it is a failure
# (tests/conftest.py).
ifeq ($(shell id -u),0)
export LIBBPF_ITER_REQUIRE_KERNEL ?= 1
endif

.PHONY: help run test test-kernels bench fuzz sanitize soak docs lint format types build wheel stubs setup programs bpffs clean
.DELETE_ON_ERROR:

help:
	@echo 'make run      print the tasks of this machine, by the package (root)  [ARGS="tcp --netns all"]'
	@echo 'make test     run the tests; root runs those of the kernel too  [ARGS="tests/unit -x"]'
	@echo 'make test-kernels  run those of the kernel on others, under emulation  [KERNELS="6.1 6.12"]'
	@echo '              [WHEEL=dist/...: of the wheel that make wheel made]'
	@echo 'make bench    measure against C, psutil, ps, ss …: ratios, and JSON in build/bench (root)'
	@echo '              [BENCH="maps files"]'
	@echo 'make fuzz     hostile input, guided by coverage  [SECONDS=300 TARGETS="btf elf"]'
	@echo 'make sanitize the tests with the C under sanitizers'
	@echo 'make soak     random walks under churn: nothing may be left behind  [MINUTES=10] (root)'
	@echo 'make docs     the documentation, into build/docs'
	@echo 'make lint     ruff: rules and format'
	@echo 'make format   ruff: repair what it can'
	@echo 'make types    mypy'
	@echo 'make build    the sdist and the wheel, into dist/'
	@echo 'make wheel    the same, and a wheel that brings libbpf and libelf along'
	@echo 'make stubs    regenerate the .pyi files of the records'
	@echo 'make setup    only what all of these do first: packages, .venv, extension, BPF programs'
	@echo 'make clean    remove all that was made'

run: setup
	@$(BIN)/libbpf-iter $(or $(ARGS),task)

test: setup bpffs
	$(BIN)/pytest $(ARGS)

# Kernels of the Debian archive, in machines that are emulated, with the package as it is built here.
KERNELS ?=
WHEEL ?=
KERNELS_LEAST ?= 1
test-kernels: setup $(VENV)/.vm-packages
	@$(BIN)/python -m tests.vm --least $(KERNELS_LEAST) $(if $(WHEEL),--wheel $(WHEEL)) $(KERNELS)

$(VENV)/.vm-packages: tests/vm/system-packages.sh | $(INSTALLED)
	@tests/vm/system-packages.sh
	@touch $@

# What fails here has no answer; a ratio below its bar is one.
BENCH ?= startup tasks records where processes files mappings sockets maps symbols cgroups others
bench: setup bpffs
	@mkdir -p build/bench
	@for question in $(BENCH); do \
		$(BIN)/python -m tests.bench.$$question $(ARGS) >build/bench/$$question.txt || exit 1; \
		cat build/bench/$$question.txt; \
		tail -n 1 build/bench/$$question.txt > build/bench/$$question.json; \
	done

# Hostile input, guided by coverage; what it finds is in build/fuzz.
SECONDS ?= 300
TARGETS ?=
fuzz: setup
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@$(BIN)/python -W ignore -m tests.fuzz $(SECONDS) $(TARGETS)

# The C of cbuild/ under AddressSanitizer and UndefinedBehaviorSanitizer.
sanitize: setup bpffs
	@$(BIN)/python -m tests.sanitize $(ARGS)

# Random walks under churn; whatever was taken has to be given back.
MINUTES ?= 10
soak: setup bpffs
	@$(BIN)/python -m tests.soak $(MINUTES)

# The pages, in build/docs; a warning is a failure.
docs: setup
	@$(BIN)/sphinx-build -q -W --keep-going -b html docs build/docs
	@echo build/docs/index.html

lint: $(INSTALLED)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

format: $(INSTALLED)
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

types: $(INSTALLED)
	@$(BIN)/mypy --no-error-summary

build: $(INSTALLED)
	rm -rf dist
	$(BIN)/python -m build

# With libbpf and libelf in it, for machines that have neither.
wheel: build
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m cbuild.bundle dist/*-linux_*.whl dist

stubs: setup
	$(BIN)/python -m cbuild.stubs

# ---- set-up -----------------------------------------------------------------------------------

setup: $(INSTALLED) $(EXTENSION) programs

$(SYSTEM): cbuild/system-packages.sh
	@cbuild/system-packages.sh $(PYTHON)
	@mkdir -p $(@D)
	@touch $@

# The editable install compiles too: the rules below are for what changes after it.
$(INSTALLED): $(SYSTEM) pyproject.toml cbuild/backend.py cbuild/commands.py
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# One command makes both, newer or not.
$(EXTENSION): $(addprefix cbuild/,extension.py libbpf.cdef.h records.c arrow.c) $(wildcard cbuild/glue/*) | $(INSTALLED)
	@$(BIN)/python -m cbuild extension
	@touch $(EXTENSIONS)

# Knows by itself what is out of date, header by header.
programs: | $(INSTALLED)
	@$(BIN)/python -m cbuild programs

# Where pins live. What can't be mounted, the tests that need it report.
bpffs:
	@[ "$$(id -u)" != 0 ] || grep -q ' /sys/fs/bpf bpf ' /proc/mounts || \
		mount -t bpf bpf /sys/fs/bpf || true

clean:
	rm -rf $(VENV) build dist *.egg-info $(EXTENSIONS) libbpf_iter/programs libbpf_iter/include
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find cbuild libbpf_iter tests -name __pycache__ -prune -exec rm -rf {} +
