"""Terraform and the embedded AWS for the layers that need them; the unit tests load neither."""

import functools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from tests.oracles import wire
from tests.oracles.tally import JUDGED

if TYPE_CHECKING:
    from tests.emulator import EmbeddedAws

REGION = "eu-central-1"

# moto and the tests make many sessions. With one loader they read AWS's models once: EC2's takes a tenth of a second.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)

# What fails fast comes first, then what waits longest, so that no worker is left with that at the end.
ORDER = ("unit", "e2e", "demo", "plan")


def pytest_configure() -> None:
    """Let signals end programs under test. In the background or under nohup, they would ignore the signals."""
    for each in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(each) is signal.SIG_IGN:
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the layers in the order above, and the others after them."""
    layers = {layer: place for place, layer in enumerate(ORDER)}
    items.sort(key=lambda item: layers.get(item.path.relative_to(Path(__file__).parent).parts[0], len(layers)))


def assert_text(path: Path, text: str) -> None:
    """Compare a text with a golden file, or write the file with ``GOLDEN=write``."""
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")

    assert text == path.read_text(encoding="utf-8")


@pytest.hookimpl(wrapper=True)
def fail_on_wire_errors() -> Iterator[None]:
    """Fail a test, its fixtures included, in which a request or a response did not fit AWS's models."""
    __tracebackhide__ = True
    try:
        return (yield)
    finally:
        wire.raise_errors()


pytest_runtest_setup = pytest_runtest_call = pytest_runtest_teardown = fail_on_wire_errors


@pytest.fixture(scope="session")
def embedded_aws() -> "Iterator[EmbeddedAws]":
    """An embedded AWS; what a test leaves in it stays until somebody resets it."""
    from tests.emulator import EmbeddedAws  # noqa: PLC0415  (moto takes seconds to import)

    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture(scope="session")
def terraform_environment(tmp_path_factory: pytest.TempPathFactory, embedded_aws: "EmbeddedAws") -> dict[str, str]:
    """What leads Terraform to its providers and to the embedded AWS; the oracles judge every plan."""
    from tests.oracles.plans import judge_plan  # noqa: PLC0415
    from tests.support.providers import provider_environment  # noqa: PLC0415
    from tests.support.terraform import plan_judges  # noqa: PLC0415

    plan_judges.append(judge_plan)
    providers = provider_environment(tmp_path_factory.mktemp("providers"), os.environ)
    return embedded_aws.environment(REGION) | providers


@pytest.fixture(scope="session")
def module_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the module and its examples."""
    from tests.support.terraform import copy_module  # noqa: PLC0415

    return copy_module(tmp_path_factory.mktemp("module"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker of pytest-xdist judged to the process that reports."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["judged"] = dict(JUDGED)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker of pytest-xdist judged."""
    JUDGED.update(getattr(node, "workeroutput", {}).get("judged", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many things the oracles judged."""
    for what, number in sorted(JUDGED.items()):
        terminalreporter.write_line(f"judged: {number} {what}")
