"""Results deleted and resources evaluated on demand, as AWS Config's API reference describes both."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator import config_control
from tests.emulator.conftest import REGION, Region, refused


def state(region: Region) -> str:
    """What AWS Config is doing with the rule."""
    return str(region.config.describe_config_rules(ConfigRuleNames=["rule"])["ConfigRules"][0]["ConfigRuleState"])


def test_evaluation_on_demand(region: Region) -> None:
    """StartConfigRulesEvaluation sends the last item of every resource, deleted or not, and fires the schedule."""
    instance = region.launch()
    gone = region.launch()
    region.aws.client("ec2", REGION).terminate_instances(InstanceIds=[gone])
    region.put_rule(schedule=True)
    region.received.clear()
    region.config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
    region.aws.settle()

    *changes, schedule = region.items()
    assert [each["configurationItem"]["resourceId"] for each in changes] == [instance, gone]
    assert schedule["messageType"] == "ScheduledNotification"


@pytest.mark.parametrize("call", ["delete_evaluation_results", "start_config_rules_evaluation"])
def test_deleting_results_refuses_more(region: Region, call: str) -> None:
    """While a rule's results are deleted it is in that state, and neither call is taken."""
    rule = {"ConfigRuleName": "rule"} if call == "delete_evaluation_results" else {"ConfigRuleNames": ["rule"]}
    config_control.refuse_calls(REGION, deleting=1)
    region.config.delete_evaluation_results(ConfigRuleName="rule")

    assert state(region) == "DELETING_RESULTS"
    with pytest.raises(ClientError) as error:
        getattr(region.config, call)(**rule)
    assert refused(error) == "ResourceInUseException"

    assert state(region) == "ACTIVE"
    getattr(region.config, call)(**rule)


def test_one_evaluation_at_a_time(region: Region) -> None:
    """While a rule is evaluated it is in that state, and no second evaluation starts."""
    config_control.refuse_calls(REGION, evaluating=1)
    region.config.start_config_rules_evaluation(ConfigRuleNames=["rule"])

    assert state(region) == "EVALUATING"
    with pytest.raises(ClientError) as error:
        region.config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
    assert refused(error) == "LimitExceededException"

    assert state(region) == "ACTIVE"
    region.config.start_config_rules_evaluation(ConfigRuleNames=["rule"])
