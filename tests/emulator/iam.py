"""IAM: every call with a role's credentials is checked, and no call of an administrator.

moto checks identity and signature. :mod:`tests.emulator.roles` decides what the role may do, also by the resource's
policy. The Service Authorization Reference says which actions have resources:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

A call on an encrypted topic or queue is refused unless the role may also use the key:
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

More permissive than AWS: a request has few condition keys, those of the caller and of the use of a key. The resource of
a call is known only for SQS, IAM and STS (from moto) and for the actions in ``RESOURCES``. Stricter: any other call
counts as one without a resource, which only ``"Resource": "*"`` allows.
"""

import json
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlparse

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import _RESTError
from moto.iam.access_control import AssumedRoleAccessKey, IAMRequest
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from tests.emulator import policies, roles, sns, sqs
from tests.emulator.accounts import is_administrator
from tests.emulator.config_store import backend_of
from tests.emulator.moto_methods import extends, refuse


def config_rule_of(call: Any) -> str:
    """The ARN of the AWS Config rule that a call names."""
    rule = backend_of(call.region, call.current_account).config_rules.get(json.loads(call.body).get("ConfigRuleName"))
    return str(rule.config_rule_arn) if rule else "*"


def topic_of(call: Any) -> str:
    """The ARN of the topic that a call names."""
    return str(call._get_param("TopicArn"))


def table_of(call: Any) -> str:
    """The ARN of the DynamoDB table that a call names."""
    return f"arn:aws:dynamodb:{call.region}:{call.current_account}:table/{call.body['TableName']}"


def aggregator_of(call: Any) -> str:
    """The ARN of the aggregator that a call names."""
    aggregators = backend_of(call.region, call.current_account).config_aggregators
    found = aggregators.get(json.loads(call.body).get("ConfigurationAggregatorName"))
    return str(found.configuration_aggregator_arn) if found else "*"


RESOURCES: dict[str, Callable[[Any], str]] = {
    "config:DescribeAggregateComplianceByConfigRules": aggregator_of,
    "config:DescribeConfigurationAggregatorSourcesStatus": aggregator_of,
    "config:GetAggregateComplianceDetailsByConfigRule": aggregator_of,
    "config:GetComplianceDetailsByConfigRule": config_rule_of,
    "config:SelectAggregateResourceConfig": aggregator_of,
    "dynamodb:DeleteItem": table_of,
    "dynamodb:GetItem": table_of,
    "dynamodb:PutItem": table_of,
    "sns:Publish": topic_of,
}


def may_use_key(role_arn: str, action: str, resource: str) -> bool:
    """Whether a role may use the key that a call needs beside its own permission."""
    encrypted: Any = None
    if resource == "*":  # of a queue that is not there
        return True
    if action == "sns:Publish":
        encrypted = sns.topic_of(resource)
    elif action in ("sqs:SendMessage", "sqs:ReceiveMessage"):
        encrypted = sqs.queue_of(resource)
    if encrypted is None:
        return True
    uses = ["kms:Decrypt"] if action == "sqs:ReceiveMessage" else policies.ENCRYPTION
    return roles.may_use_key(role_arn, encrypted.kms_master_key_id, resource, uses, policies.key_context(resource))


@extends(ActionAuthenticatorMixin)
def _authenticate_and_authorize_action(self: Any, iam_request_cls: type[Any], resource: str = "*") -> None:
    """Refuse a call that the policies of its signer do not allow. A call without a signature passes."""
    signed_by = self.headers.get("Authorization", "")
    if not signed_by or is_administrator(signed_by):
        return
    query = urlparse(self.uri).query
    request = iam_request_cls(
        account_id=self.current_account,
        method=self.method,
        path=f"{self.raw_path}?{query}" if query else self.raw_path,
        data=self.data,
        body=self.raw_body,
        headers=self.headers,
        action=self._get_action(),
    )
    request.check_signature()
    key, action = request._access_key, request._action
    if not isinstance(key, AssumedRoleAccessKey):
        request.check_action_permitted(resource)
        return
    role = iam_backends[self.current_account][get_partition(self.region)].get_role(key._owner_role_name)
    if action in RESOURCES:
        resource = RESOURCES[action](self)
    if action != "sts:GetCallerIdentity" and not roles.may(role.arn, action, resource):
        request._raise_access_denied()
    if not may_use_key(role.arn, action, resource):
        message = f"User: {key.arn} is not authorized to use the key of {resource}"
        if "X-Amz-Target" in self.headers:
            # SQS also tells the code of its former query protocol, which SDKs show.
            self.response_headers["x-amzn-query-error"] = "KMS.AccessDeniedException;Sender"
            refuse("KmsAccessDenied", message)
        raise _RESTError("KMSAccessDenied", message)


# How the services that answer XML name a denial; the others say AccessDeniedException.
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
DENIALS = {
    "autoscaling": "AccessDenied",
    "ec2": "UnauthorizedOperation",
    "iam": "AccessDenied",
    "sns": "AuthorizationError",
    "sts": "AccessDenied",
}


class DenialError(_RESTError):
    """A denial in XML."""

    code = 403


@extends(IAMRequest)
def _raise_access_denied(self: IAMRequest) -> NoReturn:
    """Deny a call in the service's own form; moto answers each in XML, which the JSON protocols do not read."""
    message = f"User: {self._access_key.arn} is not authorized to perform: {self._action}"
    if self._service in DENIALS:
        raise DenialError(DENIALS[self._service], message)
    refuse("AccessDeniedException", message)


@extends(IAMRequest)
def _raise_invalid_access_key(self: IAMRequest, reason: str) -> NoReturn:
    """Refuse an access key that nobody has; for the JSON protocols too, which moto answers in XML.

    https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    """
    if "X-Amz-Target" in self._headers:
        refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
    _raise_invalid_access_key.replaced(self, reason)
    raise AssertionError(reason)
