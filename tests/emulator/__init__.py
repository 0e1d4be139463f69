"""The embedded AWS: moto, extended by what this module needs and moto lacks. README.md says where to start."""

from tests.emulator import (  # noqa: F401  (install themselves)
    cloudwatch_alarms,
    config_aggregation,
    config_aggregators,
    config_compliance,
    config_evaluations,
    config_inventory,
    config_on_demand,
    config_recorder,
    config_rules,
    ec2,
    eventbridge_api,
    eventbridge_archives,
    eventbridge_buses,
    faults,
    iam,
    kept,
    lambda_functions,
    lambda_queues,
    moto_methods,
    scheduler,
    sns,
    sns_delivery,
    sns_subscriptions,
    threads,
    wire,
)
from tests.emulator.accounts import ACCOUNT_ID
from tests.emulator.server import EmbeddedAws

__all__ = ["ACCOUNT_ID", "EmbeddedAws"]
