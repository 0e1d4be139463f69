"""The embedded AWS: moto, plus what this module lives on and moto lacks. One file per AWS service."""

from tests.emulator import (  # noqa: F401  (install themselves)
    awslambda,
    cloudwatch,
    config,
    ec2,
    event_sources,
    events,
    extension,
    faults,
    iam,
    inventory,
    on_demand,
    recorder,
    scheduler,
    sns,
    wire,
)
from tests.emulator.extension import ACCOUNT_ID
from tests.emulator.server import EmbeddedAws

__all__ = ["ACCOUNT_ID", "EmbeddedAws"]
