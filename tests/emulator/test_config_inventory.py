"""AWS Config's inventory: histories, lookups and queries, and what can be wrong with them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator import config_control
from tests.emulator.conftest import REGION, Region, refused


def test_query_of_the_inventory(region: Region) -> None:
    """A query gives the selected paths as JSON, leaves out what is null, and lists tags as key and value."""
    with_key = region.launch(
        KeyName="ops", TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    )
    without = region.launch()
    gone = region.launch()
    region.aws.client("ec2", REGION).terminate_instances(InstanceIds=[gone])

    answer = region.config.select_resource_config(
        Expression="SELECT resourceId, configuration.keyName, tags WHERE resourceType = 'AWS::EC2::Instance'"
    )
    rows = {row["resourceId"]: row for row in map(json.loads, answer["Results"])}
    assert rows == {
        with_key: {
            "resourceId": with_key,
            "configuration": {"keyName": "ops"},
            "tags": [{"key": "a", "value": "b", "tag": "a=b"}],
        },
        without: {"resourceId": without, "tags": []},
    }


@pytest.mark.parametrize("expression", ["SELECT COUNT(*)", "SELECT a WHERE b LIKE 'c%'", "DROP TABLE", "SELECT"])
def test_query_that_is_not_understood(region: Region, expression: str) -> None:
    """SQL that the embedded AWS does not know is refused and not guessed."""
    with pytest.raises(ClientError) as error:
        region.config.select_resource_config(Expression=expression)

    assert refused(error) == "InvalidExpressionException"


def test_history_of_the_unknown(region: Region) -> None:
    """A resource that was never recorded has no history."""
    with pytest.raises(ClientError) as error:
        region.config.get_resource_config_history(resourceType="AWS::EC2::Instance", resourceId="i-none")

    assert refused(error) == "ResourceNotDiscoveredException"


def history(region: Region, instance: str, **more: Any) -> dict[str, Any]:
    """What GetResourceConfigHistory answers."""
    answer: dict[str, Any] = region.config.get_resource_config_history(
        resourceType="AWS::EC2::Instance", resourceId=instance, **more
    )
    return answer


def test_history_spans_seven_days(region: Region) -> None:
    """A call finds nothing older than a week before the time that it asks for, and says that there is more."""
    instance = region.launch()
    config_control.age(REGION, instance, timedelta(days=30))
    [item] = config_control.history_of(REGION, instance)

    first = history(region, instance, limit=1)
    assert first["configurationItems"] == []
    assert len(history(region, instance, limit=1, nextToken=first["nextToken"])["configurationItems"]) == 1
    asked = history(region, instance, limit=1, laterTime=item.captured_at + timedelta(days=6))
    assert [each["configurationItemCaptureTime"] for each in asked["configurationItems"]] == [item.captured_at]
    assert "nextToken" not in asked


def test_late_history(region: Region) -> None:
    """A history can lack the last item for a while."""
    instance = region.launch()
    region.aws.client("ec2", REGION).stop_instances(InstanceIds=[instance])
    config_control.flaws(REGION).late.add(instance)

    [item] = history(region, instance)["configurationItems"]
    assert json.loads(item["configuration"])["state"]["name"] == "running"


def looked_up(region: Region, *instances: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The items that BatchGetResourceConfig gives, and the ids that it hands back."""
    keys = [{"resourceType": "AWS::EC2::Instance", "resourceId": each} for each in instances]
    answer = region.config.batch_get_resource_config(resourceKeys=keys)
    return answer["baseConfigurationItems"], [key["resourceId"] for key in answer["unprocessedResourceKeys"]]


def test_lookup(region: Region) -> None:
    """A lookup gives the last item of what exists, without tags, and nothing of the deleted and the unknown."""
    instance, gone = region.launch(KeyName="ops"), region.launch()
    ec2 = region.aws.client("ec2", REGION)
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "a", "Value": "b"}])
    ec2.terminate_instances(InstanceIds=[gone])

    [item], unprocessed = looked_up(region, instance, gone, "i-unknown")

    assert unprocessed == []
    assert (item["resourceType"], item["resourceId"]) == ("AWS::EC2::Instance", instance)
    assert item["configurationItemCaptureTime"] == config_control.history_of(REGION, instance)[-1].captured_at
    assert json.loads(item["configuration"])["keyName"] == "ops"
    assert "tags" not in item


def test_lookup_that_is_not_processed(region: Region) -> None:
    """A key that is handed back says nothing of its resource, and can be asked for again."""
    instances = [region.launch(), region.launch()]
    config_control.flaws(REGION).unprocessed.append(instances[0])

    items, unprocessed = looked_up(region, *instances)
    assert ([item["resourceId"] for item in items], unprocessed) == ([instances[1]], [instances[0]])
    assert len(looked_up(region, *instances)[0]) == 2


def test_lookup_is_bounded(region: Region) -> None:
    """A lookup takes 100 keys and no more."""
    assert looked_up(region, *(f"i-{number}" for number in range(100))) == ([], [])

    with pytest.raises(ClientError) as error:
        looked_up(region, *(f"i-{number}" for number in range(101)))

    assert refused(error) == "ValidationException"


def test_lookup_without_a_recorder(region: Region) -> None:
    """Where there is no recorder, neither a lookup nor a history is answered."""
    instance = region.launch()
    region.config.delete_configuration_recorder(ConfigurationRecorderName="default")

    for call in (looked_up, history):
        with pytest.raises(ClientError) as error:
            call(region, instance)
        assert refused(error) == "NoAvailableConfigurationRecorderException"


def rows(region: Region, **more: Any) -> dict[str, dict[str, Any]]:
    """The rows of a query by their ids."""
    expression = "SELECT resourceId, configuration.keyName, configuration.state.name"
    answer = region.config.select_resource_config(Expression=expression, **more)
    return {row["resourceId"]: row for row in map(json.loads, answer["Results"])}


def test_flawed_queries(region: Region) -> None:
    """A query can be empty, partial, behind the items, or without a configuration."""
    hidden, stopped, new, bare = (region.launch() for _ in range(4))
    region.aws.client("ec2", REGION).stop_instances(InstanceIds=[stopped])
    flaws = config_control.flaws(REGION)
    flaws.hidden.add(hidden)
    flaws.lagging.update([stopped, new])
    flaws.bare.add(bare)

    assert rows(region) == {
        stopped: {"resourceId": stopped, "configuration": {"state": {"name": "running"}}},
        bare: {"resourceId": bare},
    }

    flaws.is_empty = True
    assert rows(region) == {}


def test_query_that_repeats_rows(region: Region) -> None:
    """Each page of a query can begin with the last row of the page before."""
    instances = [region.launch() for _ in range(4)]
    config_control.flaws(REGION).repeats = True
    pages: list[list[str]] = []
    token: dict[str, str] = {}
    while not pages or token:
        answer = region.config.select_resource_config(Expression="SELECT resourceId", Limit=2, **token)
        pages.append([json.loads(row)["resourceId"] for row in answer["Results"]])
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}

    assert pages == [instances[start : start + 2] for start in range(3)]


@pytest.mark.parametrize("forgets", [False, True])
def test_type_that_is_not_recorded_any_more(region: Region, *, forgets: bool) -> None:
    """Queries find no instance once the recorder leaves them out; lookups may, for AWS does not say."""
    instance = region.launch()
    [recorder] = region.config.describe_configuration_recorders()["ConfigurationRecorders"]
    group = {"allSupported": False, "resourceTypes": ["AWS::EC2::Volume"]}
    region.config.put_configuration_recorder(ConfigurationRecorder=recorder | {"recordingGroup": group})
    config_control.flaws(REGION).forgets_unrecorded = forgets

    assert rows(region) == {}
    assert len(looked_up(region, instance)[0]) == (0 if forgets else 1)


def test_query_of_some_resources_through_a_list(region: Region) -> None:
    """A query can name resources, and select what is in each element of a list."""
    wanted, _ = region.launch(), region.launch(KeyName="ops")
    path = "configuration.networkInterfaces.attachment.attachTime"
    query = f"SELECT resourceId, configuration.keyName, {path} WHERE resourceId IN ('{wanted}', 'i-gone')"

    [row] = region.config.select_resource_config(Expression=query)["Results"]

    launched = config_control.history_of(REGION, wanted)[0].configuration["launchTime"]  # type: ignore[index]
    interfaces = [{"attachment": {"attachTime": launched}}]
    assert json.loads(row) == {"resourceId": wanted, "configuration": {"networkInterfaces": interfaces}}
