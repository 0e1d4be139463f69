"""The fixtures of the unit tests."""

from tests.support.handlers import config, sns
from tests.support.reporter import edge, hub

__all__ = ["config", "edge", "hub", "sns"]
