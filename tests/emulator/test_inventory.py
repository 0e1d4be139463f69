"""AWS Config's inventory: histories and queries."""

import json

import pytest
from botocore.exceptions import ClientError

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
