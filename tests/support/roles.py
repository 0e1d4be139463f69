"""A role on the embedded AWS, and whether it is denied a call."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws
from tests.support.functions import REGION, document


def as_role(aws: EmbeddedAws, service: str, policy: str, boundary: str | None = None) -> Any:
    """Return a client with the credentials of a role with one policy and, if given, a permissions boundary."""
    iam = aws.client("iam", REGION)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    options = {"PermissionsBoundary": boundary} if boundary else {}
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document(trust), **options)["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy)
    session = aws.client("sts", REGION).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return client_with(aws, service, session)


def client_with(aws: EmbeddedAws, service: str, key: Mapping[str, Any]) -> Any:
    """Return a client with the access key of a user, or of a role's session."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=aws.endpoint_url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
    )


def aggregator_role(aws: EmbeddedAws, service: str = "config.amazonaws.com", *, may_list: bool = True) -> str:
    """Return the ARN of a role with which a service may list the accounts of the organization."""
    iam = aws.client("iam", REGION)
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName="aggregator", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    if may_list:
        policy = "arn:aws:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"
        iam.attach_role_policy(RoleName="aggregator", PolicyArn=policy)
    return str(arn)


def is_denied(call: Any, **arguments: Any) -> bool:
    """Return whether a call is denied. Any other error does not count."""
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"]) in ("AccessDenied", "AccessDeniedException", "AuthorizationError")
    return False
