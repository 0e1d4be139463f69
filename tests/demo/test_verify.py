"""`make verify` against a monitor that is deployed, or one that it applies: what it shows, and that it cleans up."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo import monitor, walkthrough
from demo.cloud import Cloud, Evaluated, launch
from tests.conftest import REGION
from tests.demo.conftest import NOTHING, Caller, denial
from tests.emulator import EmbeddedAws
from tests.support import CHECKOUT
from tests.support.terraform import Root, TerraformError


@pytest.fixture(scope="module")
def deployed(module_copy: Path, terraform_environment: dict[str, str], embedded_aws: EmbeddedAws) -> Iterator[None]:
    """An account in which examples/minimal is deployed."""
    embedded_aws.reset()
    embedded_aws.switch_on_config(REGION)
    root = Root(module_copy / "examples" / "minimal", terraform_environment)
    root.init()
    root.apply()
    yield
    root.destroy()


@pytest.fixture
def owner(deployed: None, caller: Caller) -> Iterator[Caller]:  # noqa: ARG001  (it is there)
    """A caller whose account has a monitor; whatever happens, nothing is left behind."""
    yield caller
    assert caller.temporary() == NOTHING


def test_deployed_monitor(owner: Caller) -> None:
    """Agreed to, it shows the verdicts and the one notification, and removes what it made."""
    status, said = owner.verify(types="y\n")

    assert status == 0, said
    assert "The monitor ec2-key-pair-monitor notifies its subscribers of the instance without a key pair." in said
    assert "by Terraform" not in said
    assert "3 of 3 instances are evaluated after" in said
    assert said.count("Launched with key pair verify-") == 2
    assert said.count("The notification as it arrived in the queue") == 1
    assert '"what_happened":"EC2 instance i-' in said.replace('": "', '":"')
    assert said.endswith("The notification is as expected, and everything that was created is removed.\n")
    assert owner.temporary() == NOTHING


def test_instances_are_recognised_and_out_of_reach(owner: Caller) -> None:
    """The instances are small and tagged, have no public address, demand IMDSv2, and end when shut down."""
    seen: list[dict[str, object]] = []

    def look() -> None:
        tagged = [{"Name": "tag:ec2-key-pair-monitor-verify", "Values": ["temporary"]}]
        running = {"Name": "instance-state-name", "Values": ["running"]}
        for reservation in owner.client("ec2").describe_instances(Filters=[*tagged, running])["Reservations"]:
            seen.extend(reservation["Instances"])

    owner.after("sns.Unsubscribe", look)
    status, said = owner.verify()

    assert status == 0, said
    assert len(seen) == 3
    assert {each["InstanceType"] for each in seen} == {"t4g.nano"}
    assert [each for each in seen if each.get("PublicIpAddress")] == []
    assert {each["MetadataOptions"]["HttpTokens"] for each in seen} == {"required"}  # type: ignore[index]


def test_others_notifications_are_left_out(owner: Caller) -> None:
    """An instance that somebody else launches at the same time is neither shown nor counted."""
    ec2 = owner.client("ec2")
    launched: list[str] = []

    def launch_another() -> None:
        if not launched:
            launched.append(ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])

    owner.after("ec2.RunInstances", launch_another)
    status, said = owner.verify()
    ec2.terminate_instances(InstanceIds=launched)

    assert status == 0, said
    assert launched[0] not in said


def test_slow_evaluation_is_followed(owner: Caller) -> None:
    """While AWS Config takes its time, the elapsed time is told."""
    config = owner.client("config")
    owner.after("sns.Subscribe", lambda: config.stop_configuration_recorder(ConfigurationRecorderName="default"))

    def wait(_: float) -> None:
        if owner.elapsed == 60:
            config.start_configuration_recorder(ConfigurationRecorderName="default")
            ids = owner.temporary()["instances"]
            owner.client("ec2").create_tags(Resources=ids, Tags=[{"Key": "a", "Value": "b"}])

    owner.waits = wait
    status, said = owner.verify()

    assert status == 0, said
    assert "0 of 3 instances are evaluated after 0 s" in said
    assert "0 of 3 instances are evaluated after 30 s" in said
    assert "3 of 3 instances are evaluated after 70 s" in said or "3 of 3 instances are evaluated after 60 s" in said


def test_evaluation_that_never_comes(owner: Caller) -> None:
    """When the time is up, what was not evaluated is named, and the notification is not waited for."""
    config = owner.client("config")
    owner.after("sns.Subscribe", lambda: config.stop_configuration_recorder(ConfigurationRecorderName="default"))
    status, said = owner.verify()
    config.start_configuration_recorder(ConfigurationRecorderName="default")

    assert status == 1
    assert said.count("is not evaluated and should be") == 3
    assert "the notifications are about nothing" in said
    assert 1200 < owner.elapsed < 1300


def test_notification_that_never_arrives(owner: Caller) -> None:
    """A verdict of which nobody is told is a failure, after a bounded wait."""
    events = owner.client("events")
    events.disable_rule(Name="ec2-key-pair-monitor-non-compliant")
    status, said = owner.verify()
    events.enable_rule(Name="ec2-key-pair-monitor-non-compliant")

    assert status == 1
    assert "the notifications are about nothing and should be about ['i-" in said
    assert 600 < owner.elapsed < 700


@pytest.mark.parametrize(
    "operation", ["ec2.RunInstances", "ec2.CreateKeyPair", "config.GetComplianceDetailsByConfigRule", "sqs.CreateQueue"]
)
def test_throttling_is_met_with_patience(owner: Caller, operation: str) -> None:
    """A throttled call is made again, and nothing twice."""
    throttled = [True, True]
    owner.refuse(operation, "ThrottlingException", when=lambda: bool(throttled and throttled.pop()), status=400)
    status, said = owner.verify()

    assert status == 0, said


@pytest.mark.parametrize("operation", ["sqs.CreateQueue", "sns.Subscribe", "sqs.ReceiveMessage"])
def test_failure_midway(owner: Caller, operation: str) -> None:
    """Where a call is refused, it says which and why, and removes what it had made."""
    owner.refuse(operation, denial(operation))
    status, said = owner.verify()

    assert status == 1
    assert f"{operation.partition('.')[2]} was refused: {denial(operation)}" in said
    assert owner.temporary() == NOTHING


def interrupt() -> None:
    """What Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "operation", ["sqs.CreateQueue", "sns.Subscribe", "ec2.CreateKeyPair", "ec2.RunInstances", "sqs.ReceiveMessage"]
)
def test_ctrl_c_midway(owner: Caller, operation: str) -> None:
    """Ctrl-C removes what was made, even by the call whose answer never arrived."""
    dry_runs = {"ec2.CreateKeyPair": 1, "ec2.RunInstances": 1}.get(operation, 0)
    calls: list[None] = []

    def after() -> None:
        calls.append(None)
        if len(calls) > dry_runs:
            interrupt()

    owner.after(operation, after)
    status, said = owner.verify()

    assert status == 130, said
    assert said.endswith("Interrupted\n")
    assert owner.temporary() == NOTHING


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_while_waiting(owner: Caller, number: signal.Signals) -> None:
    """Ctrl-C, termination and a closed terminal end the wait and remove what was made."""
    owner.client("events").disable_rule(Name="ec2-key-pair-monitor-non-compliant")
    owner.waits = lambda seconds: signal.raise_signal(number) if seconds == 10 else None
    status, said = owner.verify()
    owner.client("events").enable_rule(Name="ec2-key-pair-monitor-non-compliant")

    assert status == 130, said
    assert owner.temporary() == NOTHING


def test_ctrl_c_does_not_stop_the_removal(owner: Caller) -> None:
    """Pressed again and again, it is removed all the same."""
    owner.after("sns.Unsubscribe", interrupt)
    owner.after("ec2.TerminateInstances", lambda: signal.raise_signal(signal.SIGTERM))
    status, said = owner.verify()

    assert status == 0, said
    assert owner.temporary() == NOTHING


def test_nobody_reads_any_more(owner: Caller) -> None:
    """Where the output can't be written, as after `| head`, what was made is removed all the same."""

    def close() -> None:
        def write(_: str) -> int:
            raise BrokenPipeError

        owner.monkeypatch.setattr(owner.output, "write", write)

    owner.after("sns.Subscribe", close)
    with pytest.raises((BrokenPipeError, SystemExit)):
        owner.verify()

    assert owner.temporary() == NOTHING


def test_what_an_earlier_run_left_is_removed_first(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be removed is named one by one and fails the run; the next finds it, says so, and removes it first."""
    removals = ["ec2.TerminateInstances", "ec2.DeleteKeyPair", "sqs.DeleteQueue", "sns.Unsubscribe"]
    for operation in removals:
        owner.refuse(operation, denial(operation))
    status, said = owner.verify()

    left = owner.temporary()
    assert status == 1
    assert [len(names) for names in left.values()] == [3, 1, 1, 1]
    for kind, names in left.items():
        for name in names:
            assert f"✗ Not removed: {kind.removesuffix('s')} {name} (" in said

    owner.session = None
    at_launch: list[dict[str, list[str]]] = []

    def spy(cloud: Cloud) -> list[Evaluated]:
        at_launch.append(owner.temporary())
        return launch(cloud)

    monkeypatch.setattr(walkthrough, "launch", spy)
    status, said = owner.verify(types="y\n")

    assert status == 0, said
    for names in left.values():
        for name in names:
            assert name in said.partition("Continue?")[0]
    assert {kind: len(names) for kind, names in at_launch[0].items()} == {
        "instances": 0,
        "key pairs": 0,
        "queues": 1,
        "subscriptions": 1,
    }


def test_one_failed_removal_does_not_stop_the_others(owner: Caller) -> None:
    """Whatever can be removed is removed, and only the rest is named."""
    owner.refuse("ec2.TerminateInstances", denial("ec2.TerminateInstances"))
    status, said = owner.verify()

    left = owner.temporary()
    assert status == 1
    assert [len(names) for names in left.values()] == [3, 0, 0, 0]
    assert said.count("Not removed") == 3
    owner.client("ec2").terminate_instances(InstanceIds=left["instances"])


def test_expired_credentials_midway(owner: Caller) -> None:
    """Where credentials end during the run, what is left is named from memory."""

    expired: list[bool] = []
    codes = {"ec2": "RequestExpired", "sns": "ExpiredToken", "sqs": "ExpiredTokenException"}
    for service, code in codes.items():
        owner.refuse(service, code, when=lambda: bool(expired))
    owner.after("sqs.ReceiveMessage", lambda: expired.append(True))
    owner.client("events").disable_rule(Name="ec2-key-pair-monitor-non-compliant")
    status, said = owner.verify()
    owner.client("events").enable_rule(Name="ec2-key-pair-monitor-non-compliant")

    assert status == 1
    for names in owner.temporary().values():
        for name in names:
            assert f"{name} (" in said
    owner.session = None
    assert owner.verify()[0] == 0


def test_policy_suffices(owner: Caller) -> None:
    """Whoever has the permissions of policy.json, by action, can verify a deployed monitor from end to end."""
    policy = json.loads((CHECKOUT / "demo/policy.json").read_text())
    actions = [action for each in policy["Statement"] for action in always_list(each["Action"])]
    owner.act_as_user_who_may(actions)
    status, said = owner.verify()
    owner.act_as_administrator()

    assert status == 0, said


def test_permission_that_the_policy_leaves_out(owner: Caller) -> None:
    """Whoever may not look at the recorder is told so before anything is made."""
    owner.act_as_user_who_may(["ec2:*", "sts:*"])
    status, said = owner.verify()
    owner.act_as_administrator()

    assert status == 1
    assert "DescribeConfigurationRecorders was refused" in said
    assert "config:DescribeConfigurationRecorders" in said


def always_list(value: str | list[str]) -> list[str]:
    """One or more values of a policy."""
    return [value] if isinstance(value, str) else value


@pytest.fixture
def newcomer(caller: Caller) -> Caller:
    """A caller whose account has a recorder and no monitor."""
    caller.aws.reset()
    caller.aws.switch_on_config(REGION)
    return caller


def everything(caller: Caller) -> list[object]:
    """What the monitor and the walkthrough leave, which should be nothing."""
    rules = caller.client("config").describe_config_rules()["ConfigRules"]
    functions = caller.client("lambda").list_functions()["Functions"]
    roles = [each for each in caller.client("iam").list_roles()["Roles"] if "evaluator" in each["RoleName"]]
    queues = caller.client("sqs").list_queues().get("QueueUrls", [])
    return [*rules, *functions, *roles, *queues, *caller.client("sns").list_topics()["Topics"]]


@pytest.mark.slow
def test_monitor_for_the_purpose(newcomer: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted and not destroyed, the monitor is named with its state; the next run destroys it, and its own."""
    apply: Callable[..., None] = Root.apply

    def apply_and_interrupt(root: Root, **variables: object) -> None:
        apply(root, **variables)
        interrupt()

    def refuse(_: Root) -> None:
        raise TerraformError("Error: no")

    with monkeypatch.context() as broken:
        broken.setattr(Root, "apply", apply_and_interrupt)
        broken.setattr(Root, "destroy", refuse)
        status, said = newcomer.verify()

    directory = monitor.STATES / f"123456789012-{REGION}"
    assert status == 130, said
    assert "✗ Not removed: monitor ec2-key-pair-monitor-verify" in said
    assert str(directory) in said
    assert directory.exists()
    assert newcomer.temporary()["queues"] != []  # the monitor's own

    status, said = newcomer.verify(types="yes\n")

    assert status == 0, said
    assert "An earlier run left this, which is removed first: monitor ec2-key-pair-monitor-verify." in said
    assert "Applying a temporary monitor, ec2-key-pair-monitor-verify" in said
    assert '"rule":"ec2-key-pair-monitor-verify"' in said.replace('": "', '":"')
    assert "notifies its subscribers" not in said
    assert everything(newcomer) == []
    assert newcomer.temporary() == NOTHING
    assert not directory.exists()


@pytest.mark.slow
def test_monitor_with_a_digest(
    newcomer: Caller, module_copy: Path, terraform_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a monitor that collects its notifications, the one about all three instances is read."""

    def launch_at_once(cloud: Cloud) -> list[Evaluated]:
        with newcomer.aws.at_once():
            return launch(cloud)

    monkeypatch.setattr(walkthrough, "launch", launch_at_once)
    root = Root(module_copy / "examples" / "digest", terraform_environment)
    root.init()
    root.apply()
    try:
        status, said = newcomer.verify()
    finally:
        root.destroy()

    assert status == 0, said
    assert said.count("The notification as it arrived in the queue") == 1
    assert newcomer.temporary() == NOTHING
