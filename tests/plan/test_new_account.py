"""examples/new-account: what switches AWS Config on."""

import json
from collections.abc import Callable

import pytest

from tests.support.terraform import Plan, Root

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def plan(root_in: Callable[[str], Root]) -> Plan:
    """A plan of the example."""
    return root_in("examples/new-account").plan()


def test_recorder_records_instances_at_once(plan: Plan) -> None:
    """The recorder records EC2 instances continuously, and is started."""
    recorder = plan.resources["aws_config_configuration_recorder.this"]

    assert recorder["recording_group"][0]["resource_types"] == ["AWS::EC2::Instance"]
    assert recorder["recording_mode"][0]["recording_frequency"] == "CONTINUOUS"
    assert plan.resources["aws_config_configuration_recorder_status.this"]["is_enabled"] is True


def test_bucket_admits_aws_config_over_tls_and_nobody_else(plan: Plan) -> None:
    """The bucket's policy lets AWS Config of this account check it and write below its own prefix, over TLS only."""
    policy = json.loads(plan.resources["aws_s3_bucket_policy.config"]["policy"])
    statements = {each["Sid"]: each for each in policy["Statement"]}
    bucket = f"arn:aws:s3:::config-{ACCOUNT}-eu-central-1"

    deny = statements.pop("DenyWithoutTls")
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert set(deny["Resource"]) == {bucket, f"{bucket}/*"}
    for each in statements.values():
        assert each["Principal"] == {"Service": "config.amazonaws.com"}
        assert each["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    assert statements["AWSConfigBucketDelivery"]["Resource"] == f"{bucket}/AWSLogs/{ACCOUNT}/Config/*"


def test_bucket_is_closed_encrypted_versioned_and_expires(plan: Plan) -> None:
    """Nothing in the bucket is public, plain, overwritten for good, or kept for ever."""
    block = plan.resources["aws_s3_bucket_public_access_block.config"]
    [encryption] = plan.resources["aws_s3_bucket_server_side_encryption_configuration.config"]["rule"]
    [versioning] = plan.resources["aws_s3_bucket_versioning.config"]["versioning_configuration"]
    [rule] = plan.resources["aws_s3_bucket_lifecycle_configuration.config"]["rule"]

    assert all(value for name, value in block.items() if name.startswith(("block_", "ignore_", "restrict_")))
    assert encryption["apply_server_side_encryption_by_default"][0]["sse_algorithm"] == "AES256"
    assert versioning["status"] == "Enabled"
    assert (rule["status"], rule["expiration"][0]["days"]) == ("Enabled", 365)
