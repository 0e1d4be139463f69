"""examples/minimal from apply to destroy: the whole way, and nothing left behind."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REGION
from tests.e2e.conftest import Deploy, Deployment
from tests.emulator import config_control, lambda_invocations, sns
from tests.support import CHECKOUT, aws_cli


@pytest.fixture(scope="module")
def minimal(deploy: Deploy) -> Iterator[Deployment]:
    """The applied example."""
    with deploy("minimal") as deployment:
        yield deployment


def test_second_plan_is_empty(minimal: Deployment) -> None:
    """What was applied is what is planned."""
    plan = minimal.root.plan()

    assert plan.is_empty, plan.changes


def test_instance_without_a_key_pair_is_notified(minimal: Deployment) -> None:
    """Two instances with a key pair are COMPLIANT; the one without is NON_COMPLIANT, and one e-mail says so."""
    before = len(minimal.notifications())
    with_key = [minimal.launch("ops"), minimal.launch("ops")]
    without = minimal.launch()

    assert [minimal.result(each) for each in with_key] == [("COMPLIANT", "Launched with key pair ops.")] * 2
    verdict = minimal.result(without)
    assert verdict == (
        "NON_COMPLIANT",
        "No key pair was assigned at launch. Launch a replacement with an allowed key pair. "
        "A key pair cannot be added to this instance.",
    )
    [mail] = minimal.notifications()[before:]
    assert (mail.to, mail.subject) == ("security@example.com", "AWS Notification Message")
    message = json.loads(mail.body.partition("\n\n--\n")[0])
    assert list(message) == [
        "what_happened",
        "what_to_do",
        "verdict",
        "instance",
        "account",
        "region",
        "rule",
        "time",
        "annotation",
        "console",
        "version",
    ]
    assert without in message["what_happened"]
    assert {name: message[name] for name in ("instance", "account", "region", "rule", "annotation")} == {
        "instance": without,
        "account": "123456789012",
        "region": REGION,
        "rule": "ec2-key-pair-monitor",
        "annotation": verdict[1],
    }
    assert message["console"] == (
        f"https://{REGION}.console.aws.amazon.com/ec2/home?region={REGION}#InstanceDetails:instanceId={without}"
    )


def test_verdict_notifies_once(minimal: Deployment) -> None:
    """A change that leaves the verdict as it is sends no second mail."""
    instance = minimal.launch()
    before = len(minimal.notifications())

    minimal.client("ec2").stop_instances(InstanceIds=[instance])
    minimal.client("ec2").start_instances(InstanceIds=[instance])
    minimal.aws.settle()

    assert minimal.result(instance) is not None
    assert len(minimal.notifications()) == before


def announce_again(minimal: Deployment, rule_name: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the commands of docs/operations.md for a rule."""
    [commands] = re.findall(r"```sh\n(rule=.*?)```", (CHECKOUT / "docs/operations.md").read_text(), re.DOTALL)
    commands = commands.replace("rule=ec2-key-pair-monitor\n", f"rule={rule_name}\n")
    return aws_cli.run(commands, minimal.aws.environment(REGION), folder)


def test_existing_instances_can_be_announced_again(minimal: Deployment, tmp_path: Path) -> None:
    """The commands of docs/operations.md wait while AWS Config refuses, and every offending instance is reported."""
    instance = minimal.launch()
    before = len(minimal.notifications())
    config_control.refuse_calls(REGION, deleting=1, evaluating=aws_cli.ATTEMPTS + 1)
    minimal.client("config").start_config_rules_evaluation(ConfigRuleNames=[minimal.rule_name])

    finished = announce_again(minimal, minimal.rule_name, tmp_path)
    config_control.refuse_calls(REGION)
    minimal.aws.settle()

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
    assert (tmp_path / "slept").read_text().split() == ["20", "20"]
    told = [json.loads(mail.body.partition("\n\n--\n")[0])["instance"] for mail in minimal.notifications()[before:]]
    assert told.count(instance) == 1


def test_what_would_be_refused_forever_is_told(minimal: Deployment, tmp_path: Path) -> None:
    """Another refusal ends the commands of docs/operations.md at once, with what AWS Config says."""
    finished = announce_again(minimal, "no-such-rule", tmp_path)

    assert finished.returncode == 1
    assert "NoSuchConfigRuleException" in finished.stderr


def test_terminated_instance_is_no_longer_non_compliant(minimal: Deployment) -> None:
    """A terminated instance is NOT_APPLICABLE, and nobody is notified by default."""
    instance = minimal.launch()
    before = len(minimal.notifications())

    minimal.client("ec2").terminate_instances(InstanceIds=[instance])
    minimal.aws.settle()

    assert minimal.result(instance) == ("NOT_APPLICABLE", "")
    assert len(minimal.notifications()) == before


def test_older_sdks_lose_no_verdict(minimal: Deployment) -> None:
    """If times arrive in whole seconds, changes within one second end with the verdict of the last one."""
    with config_control.whole_seconds(REGION):
        instance = minimal.launch()
        assert minimal.result(instance) is not None
        minimal.client("ec2").terminate_instances(InstanceIds=[instance])
        minimal.aws.settle()

    assert minimal.result(instance) == ("NOT_APPLICABLE", "")


def test_decisions_are_logged_without_the_token(minimal: Deployment) -> None:
    """Each decision is one structured line in the module's own log group, and no token is in any."""
    instance = minimal.launch("ops")

    lines = minimal.client("logs").filter_log_events(logGroupName="/aws/lambda/ec2-key-pair-monitor-evaluator")[
        "events"
    ]
    decisions = [json.loads(line["message"]) for line in lines if instance in line["message"]]
    assert [(each["level"], each["message"], each["complianceType"]) for each in decisions] == [
        ("INFO", "evaluated", "COMPLIANT")
    ]
    function = f"arn:aws:lambda:{REGION}:123456789012:function:ec2-key-pair-monitor-evaluator"
    tokens = [json.loads(each.event)["resultToken"] for each in lambda_invocations.invocations(function)]
    assert tokens
    assert not [line for line in lines for token in tokens if token in line["message"]]


@pytest.mark.slow
def test_destroy_leaves_nothing(deploy: Deploy) -> None:
    """After a destroy there is no rule, no function, no topic and no queue of the module's."""
    with deploy("minimal") as deployment:
        pass

    assert deployment.client("config").describe_config_rules()["ConfigRules"] == []
    assert deployment.client("lambda").list_functions()["Functions"] == []
    assert deployment.client("sns").list_topics()["Topics"] == []
    assert deployment.client("sqs").list_queues().get("QueueUrls", []) == []
    assert sns.confirm_all(REGION) == 0
