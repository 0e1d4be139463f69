"""AWS Config: rules, with the checks that moto leaves out and the evaluation of what is recorded already.

Follows https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigRule.html

Assumed: PutConfigRule fires the schedule of a new rule, and not of one that changes.
"""

import json
from typing import Any

from moto.config.exceptions import (
    InsufficientPermissionsException,
    InvalidParameterValueException,
    NoSuchConfigRuleException,
    ValidationException,
)
from moto.config.models import ConfigBackend, ConfigRule

from tests.emulator import lambda_invocations
from tests.emulator.config_delivery import PRINCIPAL, evaluate_recorded, notify_schedule
from tests.emulator.config_store import now, store_of
from tests.emulator.jobs import jobs
from tests.emulator.moto_methods import extends, refuse


@extends(ConfigBackend)
def put_config_rule(self: ConfigBackend, config_rule: dict[str, Any], tags: list[dict[str, str]] | None = None) -> str:
    """PutConfigRule, with the checks that moto leaves out and the evaluation of what is recorded already."""
    if not self.recorders:
        refuse(
            "NoAvailableConfigurationRecorderException",
            "Configuration recorder is not available to put config rule.",
        )
    check_input_parameters(config_rule.get("InputParameters"))
    source = config_rule["Source"]
    if source.get("Owner") == "CUSTOM_LAMBDA" and not lambda_invocations.may_invoke(
        source["SourceIdentifier"], PRINCIPAL
    ):
        raise InsufficientPermissionsException(
            f"The AWS Lambda function {source['SourceIdentifier']} cannot be invoked. "
            "Check the specified function ARN, and check the function's permissions."
        )
    name = config_rule.get("ConfigRuleName", "")
    known = self.config_rules.get(name)
    kept_tags = known.tags if known else None
    put_config_rule.replaced(self, config_rule, tags)
    rule = self.config_rules[name]
    if kept_tags is not None:
        rule.tags = kept_tags  # an update leaves tags alone
    evaluate_recorded(self, rule)
    if known is None:
        notify_schedule(self, rule, now())
        # The worst case: the rule has evaluated everything before its creator can create anything else.
        jobs.settle()
    return ""


def check_input_parameters(text: str | None) -> None:
    """Refuse parameters that are too long or no JSON object of strings, and empty or blank values.

    The error mentions blanks even if a value is a number
    (https://github.com/hashicorp/terraform-provider-aws/issues/773). A blank inside a value is accepted: rules of
    https://github.com/awslabs/aws-config-rules have "443, 53, 21".
    """
    if not text:
        return
    if len(text) > 1024:
        raise ValidationException("Value at 'configRule.inputParameters' must have length at most 1024")
    try:
        parameters = json.loads(text)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise InvalidParameterValueException(f"Invalid json {text} passed in the InputParameters field")
    for name, value in parameters.items():
        if not isinstance(value, str) or not value.strip():
            message = f"Blank spaces are not acceptable for input parameter: {name}. InputParameters': '{text}'"
            raise InvalidParameterValueException(message)


@extends(ConfigRule)
def to_dict(self: ConfigRule) -> dict[str, Any]:
    """DescribeConfigRules, with the evaluation mode, which moto omits and Terraform needs."""
    described: dict[str, Any] = to_dict.replaced(self)
    return described | {"EvaluationModes": [{"Mode": "DETECTIVE"}]}


@extends(ConfigBackend)
def describe_config_rules(self: ConfigBackend, names: list[str] | None, next_token: str | None) -> dict[str, Any]:
    """DescribeConfigRules refuses the name of a missing rule, even if there are no rules at all."""
    for name in names or []:
        rule_named(self, name)
    described: dict[str, Any] = describe_config_rules.replaced(self, names, next_token)
    return described


@extends(ConfigBackend)
def delete_config_rule(self: ConfigBackend, rule_name: str) -> None:
    """DeleteConfigRule also deletes the rule's results."""
    delete_config_rule.replaced(self, rule_name)
    forget_results(self, rule_name)


def rule_named(backend: ConfigBackend, name: str) -> ConfigRule:
    """The rule, or the error that AWS gives where there is none."""
    if name not in backend.config_rules:
        raise NoSuchConfigRuleException(name)
    return backend.config_rules[name]


def forget_results(backend: ConfigBackend, rule_name: str) -> None:
    """Drop every result of a rule."""
    store = store_of(backend)
    store.results = {key: result for key, result in store.results.items() if key[0] != rule_name}
