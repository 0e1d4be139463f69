"""`make verify` starts only where it can end well, says what is in the way, and asks before it makes anything."""

import json
from typing import Any

import pytest

from demo.cloud import INSTANCE, RefusalError
from demo.monitor import NAME_FOR_THE_PURPOSE, key_name
from demo.readiness import frequency, records_instances
from tests.conftest import REGION
from tests.demo.conftest import NOTHING, Caller

VOLUME = "AWS::EC2::Volume"


def excluding(resource_type: str) -> dict[str, Any]:
    """A recording group of everything but a type."""
    strategy = {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}
    return {"exclusionByResourceTypes": {"resourceTypes": [resource_type]}, "recordingStrategy": strategy}


def overriding(resource_type: str, recording_frequency: str) -> dict[str, Any]:
    """The override of a recording mode for a type."""
    override = {"resourceTypes": [resource_type], "recordingFrequency": recording_frequency}
    return {"recordingModeOverrides": [override]}


@pytest.fixture
def ready(caller: Caller) -> Caller:
    """A caller whose account is ready, and where no monitor is deployed."""
    caller.aws.reset()
    caller.aws.switch_on_config(REGION)
    return caller


def record(caller: Caller, **changes: Any) -> None:
    """Change the recorder."""
    config = caller.client("config")
    [recorder] = config.describe_configuration_recorders()["ConfigurationRecorders"]
    config.put_configuration_recorder(ConfigurationRecorder=recorder | changes)


def assert_refused(caller: Caller, *words: str, **request: Any) -> None:
    """It ends with status 1 and the words, and has made nothing."""
    status, said = caller.verify(**request)

    assert status == 1, said
    assert [word for word in words if word not in said] == [], said
    assert caller.temporary() == NOTHING


def test_no_region(ready: Caller) -> None:
    """Without a region it says how to name one."""
    assert_refused(ready, "make verify REGION=eu-central-1", region="")


def test_region_that_does_not_answer(ready: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A region that does not exist is named as such."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    assert_refused(ready, "The region does not answer. Is its name correct?")


def test_no_credentials(ready: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials it says how to get some."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    assert_refused(ready, "There are no AWS credentials.", "aws sso login")


def test_profile_that_does_not_exist(ready: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that can't be found is said to be that, without a trace."""
    ready.session = None
    with monkeypatch.context() as other:
        other.setenv("AWS_PROFILE", "missing")
        status, said = ready.verify()

    assert status == 1
    assert "The config profile (missing) could not be found" in said


def test_expired_credentials(ready: Caller) -> None:
    """Credentials that no longer work are told from missing ones."""
    ready.refuse("sts.GetCallerIdentity", "ExpiredToken")

    assert_refused(ready, "The AWS credentials do not work", "ExpiredToken", "aws sso login")


def test_no_recorder(ready: Caller) -> None:
    """Without a recorder it says where AWS explains how to make one."""
    ready.aws.reset()

    assert_refused(ready, "AWS Config has no recorder in eu-central-1", "https://docs.aws.amazon.com/config/")


def test_stopped_recorder(ready: Caller) -> None:
    """A stopped recorder is refused with the command that starts it."""
    ready.client("config").stop_configuration_recorder(ConfigurationRecorderName="default")

    assert_refused(ready, "The recorder default is stopped", "start-configuration-recorder --region eu-central-1")


@pytest.mark.parametrize(
    "group",
    [
        {"allSupported": False, "resourceTypes": [VOLUME]},
        excluding(INSTANCE),
    ],
    ids=["not included", "excluded"],
)
def test_recorder_without_instances(ready: Caller, group: dict[str, Any]) -> None:
    """A recorder that does not record instances is refused."""
    record(ready, recordingGroup=group)

    assert_refused(ready, "The recorder default does not record AWS::EC2::Instance")


@pytest.mark.parametrize(
    ("group", "recorded"),
    [
        ({}, True),
        ({"allSupported": True, "resourceTypes": []}, True),
        ({"allSupported": True, "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}, True),
        ({"recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"}}, True),
        ({"allSupported": False, "resourceTypes": [INSTANCE, VOLUME]}, True),
        ({"allSupported": False, "resourceTypes": [VOLUME]}, False),
        ({"resourceTypes": [INSTANCE], "recordingStrategy": {"useOnly": "INCLUSION_BY_RESOURCE_TYPES"}}, True),
        ({"allSupported": False} | excluding(VOLUME), True),
        ({"allSupported": False, "resourceTypes": []} | excluding(INSTANCE), False),
    ],
)
def test_recording_groups(group: dict[str, Any], *, recorded: bool) -> None:
    """Every form of a recording group is understood."""
    assert records_instances(group) is recorded


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ({}, "CONTINUOUS"),
        ({"recordingFrequency": "DAILY"}, "DAILY"),
        ({"recordingFrequency": "DAILY"} | overriding(INSTANCE, "CONTINUOUS"), "CONTINUOUS"),
        ({"recordingFrequency": "CONTINUOUS"} | overriding(INSTANCE, "DAILY"), "DAILY"),
        ({"recordingFrequency": "CONTINUOUS"} | overriding(VOLUME, "DAILY"), "CONTINUOUS"),
    ],
)
def test_recording_frequency(mode: dict[str, Any], expected: str) -> None:
    """An override for instances comes before the recorder's own frequency, and one for another type does not count."""
    assert frequency(mode) == expected


def test_daily_recording_is_warned_of(ready: Caller) -> None:
    """Where instances are recorded once a day, it says so before it asks."""
    record(ready, recordingMode={"recordingFrequency": "DAILY"})

    assert_refused(ready, "records AWS::EC2::Instance once a day", "Nothing was created", types="n\n")


def remove_default_vpc(caller: Caller) -> str:
    """Make the account one without a default VPC; returns a subnet of another."""
    ec2 = caller.client("ec2")
    [default] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    for each in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=each["SubnetId"])
    ec2.delete_vpc(VpcId=default["VpcId"])
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", AvailabilityZone=f"{REGION}a")
    return str(subnet["Subnet"]["SubnetId"])


def test_no_default_vpc(ready: Caller) -> None:
    """Without a default VPC it asks for a subnet, and takes the one that is named."""
    subnet_id = remove_default_vpc(ready)

    assert_refused(ready, "no default VPC", "SUBNET=subnet-…")
    assert_refused(ready, f"Amazon Linux 2023 in {subnet_id}", "Nothing was created", subnet_id=subnet_id, types="n\n")


def test_subnet_that_does_not_exist(ready: Caller) -> None:
    """A subnet of another region is no subnet of this one."""
    assert_refused(ready, "The region has no subnet subnet-0123456789abcdef0", subnet_id="subnet-0123456789abcdef0")


@pytest.mark.parametrize("operation", ["ec2.RunInstances", "ec2.CreateKeyPair"])
def test_missing_permission(ready: Caller, operation: str) -> None:
    """What the credentials may not do is found by a dry run, and named."""
    ready.refuse(operation, "UnauthorizedOperation")

    assert_refused(ready, f"{operation.partition('.')[2]} was refused: UnauthorizedOperation", "docs/verify.md lists")


def test_nothing_is_made_unasked(ready: Caller) -> None:
    """Without a terminal and without YES=1 it says what it would make, and refuses."""
    assert_refused(
        ready, "three t4g.nano instances", "costs about", "There is no terminal to ask in", "YES=1", agreed=False
    )


@pytest.mark.parametrize("typed", ["n\n", "\n", "", "yesterday\n"])
def test_only_yes_is_agreement(ready: Caller, typed: str) -> None:
    """It says what it will make and what that costs, and anything but yes makes nothing."""
    assert_refused(
        ready,
        "account 123456789012",
        "three t4g.nano instances",
        "the key pair verify-",
        f"the monitor {NAME_FOR_THE_PURPOSE}, by Terraform",
        "costs about $0.20",
        "Nothing was created.",
        types=typed,
    )


def test_monitor_that_is_not_deployed(ready: Caller) -> None:
    """A name that is not deployed is not taken for one that should be."""
    assert_refused(ready, "eu-central-1 has no Config rule key-pair", name="key-pair")


def put_rule(caller: Caller, name: str) -> None:
    """Make a Config rule that is no monitor's."""
    source = {"Owner": "AWS", "SourceIdentifier": "S3_BUCKET_VERSIONING_ENABLED"}
    caller.client("config").put_config_rule(ConfigRule={"ConfigRuleName": name, "Source": source})


def test_monitor_that_another_machine_left(ready: Caller) -> None:
    """A monitor whose state is elsewhere is neither used nor destroyed."""
    put_rule(ready, NAME_FOR_THE_PURPOSE)

    assert_refused(ready, "A run on another machine", f"--tag-filters Key={NAME_FOR_THE_PURPOSE}")


def test_monitor_without_notifications(ready: Caller) -> None:
    """A monitor that tells nobody of what it finds can't be verified."""
    put_rule(ready, "key-pair")

    assert_refused(ready, "does not notify anybody of NON_COMPLIANT", f"NAME={NAME_FOR_THE_PURPOSE}", name="key-pair")


@pytest.mark.parametrize(
    ("allowed", "name"),
    [(None, "verify-1"), ('["ops","ops-*"]', "ops-verify-1"), ('["*-a?c-*"]', "verify-1-axc-")],
)
def test_key_pair_is_one_that_the_monitor_allows(allowed: str | None, name: str) -> None:
    """The temporary key pair is named so that the monitor's policy allows it."""
    parameters = {"InputParameters": json.dumps({"allowedKeyNames": allowed})} if allowed else {}
    rule = {"ConfigRuleName": "rule"} | parameters
    assert key_name(rule, "verify-1") == name


def test_no_key_pair_that_the_monitor_allows() -> None:
    """Where only existing key pairs are allowed, a temporary one would be reported: that is refused."""
    with pytest.raises(RefusalError, match="allows the key pairs ops and no pattern"):
        key_name({"ConfigRuleName": "rule", "InputParameters": '{"allowedKeyNames": "[\\"ops\\"]"}'}, "verify-1")
