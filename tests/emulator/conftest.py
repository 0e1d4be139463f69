"""The embedded AWS for its own tests: started once, empty before each test."""

from collections.abc import Iterator

import pytest

from tests.emulator import EmbeddedAws


@pytest.fixture(scope="session")
def started() -> Iterator[EmbeddedAws]:
    """One embedded AWS for the whole run, for starting it costs more than emptying it."""
    with EmbeddedAws() as aws:
        yield aws


@pytest.fixture
def aws(started: EmbeddedAws) -> Iterator[EmbeddedAws]:
    """An account in which nothing has happened yet; what fails in the background fails the test that caused it."""
    started.reset()
    yield started
    started.settle()
