# `make demo` and `make test` need Python >= 3.11, Terraform >= 1.9 and make; they install the rest into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export PYTHONPATH := .

# Whether a variable such as DIGEST is switched on; 0 is off, as is nothing.
on = $(filter-out 0,$($(1)))

.DEFAULT_GOAL := help
.PHONY: help demo verify test test-slow test-all bench mutation security judge judge-versions lint docs requirements clean

help: ## Show these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(INSTALLED) ## Show the monitor at work without an AWS account; or with DIGEST=1, REPORT=1, ORGANIZATION=1
	@$(BIN)/python -m $(if $(call on,ORGANIZATION),demo.organization,demo.walkthrough demo \
		$(if $(call on,REPORT),--report,$(if $(call on,DIGEST),--digest)))

# NAME counts on the command line only, for some systems have a variable of that name.
verify: $(INSTALLED) ## Do the same in your AWS account (REGION=…); shows the cost and asks first
	@$(BIN)/python -m demo.walkthrough verify --region "$(REGION)" --subnet "$(SUBNET)" \
		--name "$(if $(findstring command,$(origin NAME)),$(NAME))" $(if $(filter 1,$(YES)),--yes)

# Most tests wait for Terraform, whose provider pauses between its calls: more workers than processors pay off.
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

test: lint ## Run the tests that each change must pass
	@$(PYTEST) -m "not slow"

test-slow: $(INSTALLED) ## Run the tests that take longer
	@$(PYTEST) -m slow

test-all: lint ## Run all tests
	@$(PYTEST)

mutation: ## Run mutation tests of both functions; takes 15 minutes or more
	@PYTHON=$(PYTHON) tests/mutation/run

bench: ## Measure the evaluator beside its peers; takes about 15 minutes
	@PYTHON=$(PYTHON) benchmarks/run

security: ## Scan the module and the Python code with checkov, bandit and pip-audit
	@PYTHON=$(PYTHON) tests/security/run

judge: $(INSTALLED) ## Compare the embedded AWS with LocalStack and MiniStack; takes 3 minutes
	@PYTHON=$(PYTHON) tests/oracles/emulators/run

# The oldest and the newest Terraform are those that PyPI has.
judge-versions: $(INSTALLED) ## Plan with other versions of Terraform and the AWS provider; takes 8 minutes
	@PYTHON=$(PYTHON) tests/oracles/versions/run

lint: $(INSTALLED) ## Check formatting, style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy lambda cli demo tests examples benchmarks/*.py benchmarks/plan
	@terraform fmt -check -diff -recursive .

docs: $(INSTALLED) ## Write the READMEs' tables of inputs and outputs, and the pictures
	@$(BIN)/python -m tests.support.make_docs

requirements: ## Lock requirements.in, with hashes
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--custom-compile-command "make requirements" requirements.in -o requirements.txt

clean: ## Remove .venv and build
	@rm -rf $(VENV) build

$(INSTALLED): requirements.txt
	@command -v terraform > /dev/null || { echo "Terraform >= 1.9 is needed: https://developer.hashicorp.com/terraform/install"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python >= 3.11 is needed: make PYTHON=python3.13"; exit 1; }
	@echo "Installing the pinned dependencies into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@
