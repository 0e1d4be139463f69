"""The embedded AWS for what is held against it."""

from tests.emulator.conftest import aws, started

__all__ = ["aws", "started"]
