"""Plans that many tests read: one for each set of inputs."""

from pathlib import Path

import pytest

from tests.support.handlers import config, sns
from tests.support.reporter import edge
from tests.support.reporter import hub as hub_edge
from tests.support.terraform import Plan, Root

__all__ = ["config", "edge", "hub_edge", "sns"]


@pytest.fixture(scope="session")
def module(module_copy: Path, terraform_environment: dict[str, str]) -> Root:
    """The module itself as a root."""
    root = Root(module_copy, terraform_environment)
    root.init()
    return root


@pytest.fixture(scope="session")
def defaults(module: Root) -> Plan:
    """A plan without any input."""
    return module.plan()


@pytest.fixture(scope="session")
def everything(module_copy: Path, terraform_environment: dict[str, str]) -> Plan:
    """A plan of examples/complete, which sets every input; its addresses are inside the module."""
    root = Root(module_copy / "examples" / "complete", terraform_environment)
    root.init()
    return root.plan()
