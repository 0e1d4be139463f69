"""examples/chat: a Slack and a Teams channel, and what chat changes in the module. Planned only."""

from collections.abc import Callable

import pytest

from tests.support.cases import RefuseEach
from tests.support.terraform import Plan, Root

CHANNELS = ("aws_chatbot_slack_channel_configuration.this", "aws_chatbot_teams_channel_configuration.this")


@pytest.fixture(scope="module")
def plan(root_in: Callable[[str], Root]) -> Plan:
    """A plan of the example."""
    return root_in("examples/chat").plan()


def test_channels_get_the_topic_and_may_do_nothing(plan: Plan) -> None:
    """Both channels get what the topic gets, under a read-only guardrail and with a role without permissions."""
    for address in CHANNELS:
        assert plan.unknown[address]["sns_topic_arns"] == [True]
        assert plan.resources[address]["guardrail_policy_arns"] == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    attached = [address for address in plan.resources if "aws_iam_role_policy" in address and "module." not in address]
    assert attached == []
    trust = plan.resources["aws_iam_role.chat"]["assume_role_policy"]
    assert '"chatbot.amazonaws.com"' in trust


def test_calls_of_the_recorder_go_through_the_digest(plan: Plan) -> None:
    """The recorder's events go to the queue unchanged: Amazon Q Developer drops messages that EventBridge writes."""
    for kind in ("NON_COMPLIANT", "recorder"):
        target = plan.resources[f'module.ec2_key_pair_monitor.aws_cloudwatch_event_target.notifications["{kind}"]']
        assert target["input_transformer"] == []
    policy = plan.resources["module.ec2_key_pair_monitor.module.notifications[0].aws_sqs_queue.digest[0]"]["policy"]
    assert "rule/ec2-key-pair-monitor-recorder" in policy


def test_chat_needs_a_digest_and_no_https_subscribers(refuse_each: RefuseEach) -> None:
    """`chat` needs a digest, whose notifier writes the form, and refuses HTTPS subscribers, who would get it, too."""
    pager = {"pager": {"protocol": "https", "endpoint": "https://pager.example.com/sns"}}
    refused = refuse_each(
        {
            "https": {"chat": True, "digest_window_seconds": 60, "subscriptions": pager},
            "without_digest": {"chat": True},
        }
    )

    assert any("can't have the protocol https together with chat" in each for each in refused["https"])
    assert any("chat needs digest_window_seconds, such as 60" in each for each in refused["without_digest"])
