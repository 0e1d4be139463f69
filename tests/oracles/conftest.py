"""The embedded AWS for the oracles."""

from tests.emulator.conftest import aws, started

__all__ = ["aws", "started"]
