"""IAM: what a role may do, and that nobody else is asked."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws
from tests.support.functions import REGION, allow, document
from tests.support.roles import as_role, client_with, is_denied

RULE = f"arn:aws:config:{REGION}:{ACCOUNT_ID}:config-rule"


def test_a_role_may_do_what_its_policy_allows(aws: EmbeddedAws) -> None:
    """A call that no policy allows is denied, and one that a policy allows is not."""
    client = as_role(aws, "config", document(allow("config:PutEvaluations")))
    assert not is_denied(client.put_evaluations, ResultToken="x")
    assert is_denied(client.describe_config_rules)


def test_who_the_caller_is_may_always_be_asked(aws: EmbeddedAws) -> None:
    """GetCallerIdentity needs no permission."""
    assert not is_denied(as_role(aws, "sts", document(allow("s3:ListAllMyBuckets"))).get_caller_identity)


def test_a_boundary_bounds_what_a_policy_allows(aws: EmbeddedAws) -> None:
    """What the permissions boundary does not allow is denied, whatever the policy says."""
    bounded = aws.client("iam", REGION).create_policy(
        PolicyName="b", PolicyDocument=document(allow("config:PutEvaluations"))
    )
    client = as_role(aws, "config", document(allow("config:*")), bounded["Policy"]["Arn"])
    assert not is_denied(client.put_evaluations, ResultToken="x")
    assert is_denied(client.describe_config_rules)


@pytest.mark.parametrize(("resource", "denied"), [("*", False), (f"{RULE}/other", True)])
def test_the_rule_that_a_call_names_is_its_resource(aws: EmbeddedAws, resource: str, denied: bool) -> None:  # noqa: FBT001
    """A call that names a rule is denied to who may make it for another rule only."""
    policy = document(allow("config:GetComplianceDetailsByConfigRule", resource=resource))
    client = as_role(aws, "config", policy)
    assert is_denied(client.get_compliance_details_by_config_rule, ConfigRuleName="r") is denied


def test_an_action_without_resources_needs_all_of_them(aws: EmbeddedAws) -> None:
    """PutEvaluations knows no resource, so a statement for one rule does not allow it."""
    client = as_role(aws, "config", document(allow("config:PutEvaluations", resource=f"{RULE}/x")))
    assert is_denied(client.put_evaluations, ResultToken="x")


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("config", "describe_config_rules", "UnrecognizedClientException"),
        ("ec2", "describe_instances", "AuthFailure"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_is_refused(aws: EmbeddedAws, service: str, call: str, code: str) -> None:
    """Credentials that nobody has handed out do not get in; each service has its own code for that."""
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id="AKIAUNKNOWN",
        aws_secret_access_key="guessed",  # noqa: S106
    )
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        getattr(client, call)()


def test_publishing_needs_the_topic_and_its_key(aws: EmbeddedAws) -> None:
    """A role publishes to the topics that its policy names, and to an encrypted one only with the use of its key."""
    key = aws.client("kms", REGION).create_key()["KeyMetadata"]["Arn"]
    sns = aws.client("sns", REGION)
    plain, other = (sns.create_topic(Name=name)["TopicArn"] for name in ("plain", "other"))
    encrypted = sns.create_topic(Name="encrypted", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": [plain, encrypted]}
    client = as_role(aws, "sns", document(publish))

    client.publish(TopicArn=plain, Message="x")
    assert is_denied(client.publish, TopicArn=other, Message="x")
    with pytest.raises(ClientError, match="KMSAccessDenied"):
        client.publish(TopicArn=encrypted, Message="x")
    use = allow("kms:Decrypt", "kms:GenerateDataKey", resource=key)
    aws.client("iam", REGION).put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document(publish, use))
    client.publish(TopicArn=encrypted, Message="x")


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("autoscaling", "describe_auto_scaling_groups", "AccessDenied"),
        ("config", "describe_config_rules", "AccessDeniedException"),
        ("ec2", "describe_instances", "UnauthorizedOperation"),
        ("iam", "list_roles", "AccessDenied"),
        ("s3", "list_buckets", "AccessDenied"),
        ("sns", "list_topics", "AuthorizationError"),
        ("sqs", "list_queues", "AccessDeniedException"),
    ],
)
@pytest.mark.parametrize("is_role", [True, False], ids=["role", "user"])
def test_each_service_has_its_own_name_for_a_denial(
    aws: EmbeddedAws,
    service: str,
    call: str,
    code: str,
    is_role: bool,  # noqa: FBT001
) -> None:
    """A denied call has the service's own code, in the form that its SDK reads."""
    client = as_role(aws, service, document(allow("kms:ListKeys"))) if is_role else as_user(aws, service)
    with pytest.raises(ClientError, match=rf"\({code}\)"):
        getattr(client, call)()


def as_user(aws: EmbeddedAws, service: str) -> Any:
    """A client of a user without a policy."""
    iam = aws.client("iam", REGION)
    iam.create_user(UserName="u")
    return client_with(aws, service, iam.create_access_key(UserName="u")["AccessKey"])
