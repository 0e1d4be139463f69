"""The fixtures of the unit tests."""

from tests.support.handlers import config, sns

__all__ = ["config", "sns"]
