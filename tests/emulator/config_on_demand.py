"""AWS Config: results deleted, and resources evaluated, on demand.

Follows https://docs.aws.amazon.com/config/latest/APIReference/API_DeleteEvaluationResults.html and
https://docs.aws.amazon.com/config/latest/APIReference/API_StartConfigRulesEvaluation.html

On AWS both continue after the response. While a rule's results are deleted, its state is ``DELETING_RESULTS`` and both
calls are refused. An evaluation is refused while another one runs, or within a minute of the last.

More permissive than AWS: both are done immediately, unless a test calls ``config_control.refuse_calls``. Its numbers
stand for the time that both take on AWS, so that no test depends on how fast this machine is. Assumed: after
PutConfigRule an evaluation can be started immediately, and if one of several rules refuses, none starts.
"""

from typing import Any

from moto.config.exceptions import ResourceInUseException
from moto.config.models import ConfigBackend, ConfigRule
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult

from tests.emulator import config_delivery, config_rules, config_store
from tests.emulator.moto_methods import extends, refuse

STATES = ("DELETING_RESULTS", "EVALUATING")


def begin(backend: ConfigBackend, rule: ConfigRule, state: str) -> None:
    """Put a rule into a state that ends after as many refused calls as a test has set for the region."""
    vars(rule).setdefault("_embedded_refusals", {})[state] = vars(backend).get("embedded_refusals", {}).get(state, 0)


def is_in(rule: ConfigRule, state: str) -> bool:
    """Whether a rule is still in a state."""
    return bool(vars(rule).get("_embedded_refusals", {}).get(state))


def refuses(rule: ConfigRule, state: str) -> bool:
    """Whether a rule is in a state that refuses this call, which brings the state closer to its end."""
    if not is_in(rule, state):
        return False
    vars(rule)["_embedded_refusals"][state] -= 1
    return True


@extends(ConfigRule)
def to_dict(self: ConfigRule) -> dict[str, Any]:
    """DescribeConfigRules, with the state of a deletion or evaluation that is in progress."""
    described: dict[str, Any] = to_dict.replaced(self)
    return described | {"ConfigRuleState": next((state for state in STATES if is_in(self, state)), "ACTIVE")}


@extends(ConfigResponse)
def delete_evaluation_results(self: ConfigResponse) -> ActionResult:
    """DeleteEvaluationResults."""
    rule = config_rules.rule_named(self.config_backend, self._get_param("ConfigRuleName"))
    refuse_while_deleting(rule)
    begin(self.config_backend, rule, "DELETING_RESULTS")
    config_rules.forget_results(self.config_backend, str(rule.config_rule_name))
    return ActionResult({})


@extends(ConfigResponse)
def start_config_rules_evaluation(self: ConfigResponse) -> ActionResult:
    """StartConfigRulesEvaluation: sends the last recorded items, and fires the schedule of a rule that has one."""
    rules = [config_rules.rule_named(self.config_backend, name) for name in self._get_param("ConfigRuleNames") or []]
    for rule in rules:
        refuse_while_deleting(rule)
        if refuses(rule, "EVALUATING"):
            refuse(
                "LimitExceededException",
                f"An evaluation of the rule {rule.config_rule_name} is in progress, or began less than a minute ago.",
            )
    for rule in rules:
        begin(self.config_backend, rule, "EVALUATING")
        config_delivery.evaluate_recorded(self.config_backend, rule)
        config_delivery.notify_schedule(self.config_backend, rule, config_store.now())
    return ActionResult({})


def refuse_while_deleting(rule: ConfigRule) -> None:
    """Refuse what AWS refuses while a rule's results are deleted."""
    if refuses(rule, "DELETING_RESULTS"):
        raise ResourceInUseException(
            f"The rule {rule.config_rule_name} is deleting its evaluation results. Try your request again later."
        )
