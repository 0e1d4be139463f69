"""IAM: a call with a role's credentials is checked always, and the administrator's never.

Identity and signature are moto's to check; what the role may do is decided by :mod:`tests.emulator.policies`, within
the role's permissions boundary. Which actions know resources is in the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

A call that needs a key is refused unless the role may use that as well:
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html

Laxer than AWS: conditions in a role's policy see no keys of the request but the topic that a key is used for, and the
resource of a call is known only where moto says it (SQS, IAM and STS) or ``RESOURCES`` does. Stricter: any other call
is taken for one that knows no resource, which is allowed by ``"Resource": "*"`` alone.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlparse

from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.exceptions import _RESTError
from moto.iam.access_control import AssumedRoleAccessKey
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from tests.emulator import awslambda, policies, sns
from tests.emulator.config import backend_of
from tests.emulator.extension import ADMINISTRATOR, extends, refuse


def config_rule_of(call: Any) -> str:
    """The ARN of the AWS Config rule that a call names."""
    rule = backend_of(call.region).config_rules.get(json.loads(call.body).get("ConfigRuleName"))
    return str(rule.config_rule_arn) if rule else "*"


def topic_of(call: Any) -> str:
    """The ARN of the topic that a call names."""
    return str(call._get_param("TopicArn"))


RESOURCES: dict[str, Callable[[Any], str]] = {
    "config:GetComplianceDetailsByConfigRule": config_rule_of,
    "sns:Publish": topic_of,
}


def key_needed(action: str, resource: str) -> str | None:
    """The key that a role must be allowed to use for a call, beside the call itself."""
    topic = sns.topic_of(resource) if action == "sns:Publish" else None
    return topic.kms_master_key_id if topic else None


@extends(ActionAuthenticatorMixin)
def _authenticate_and_authorize_action(self: Any, iam_request_cls: type[Any], resource: str = "*") -> None:
    """Refuse a call that the policies of whoever signed it do not allow; a call that nobody signed is let through."""
    signed_by = self.headers.get("Authorization", "")
    if not signed_by or f"Credential={ADMINISTRATOR}/" in signed_by:
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
    if action != "sts:GetCallerIdentity" and not awslambda.role_allows(role.arn, action, resource):
        if "X-Amz-Target" in self.headers:
            # moto answers XML, which the JSON protocols do not read.
            message = f"User: {key.arn} is not authorized to perform: {action} on resource: {resource}"
            refuse("AccessDeniedException", message)
        request._raise_access_denied()
    key_id = key_needed(action, resource)
    context = {"kms:EncryptionContext:aws:sns:topicArn": resource}
    if key_id and not all(awslambda.role_allows(role.arn, each, key_id, context) for each in policies.ENCRYPTION):
        raise _RESTError("KMSAccessDenied", f"User: {key.arn} is not authorized to use the key {key_id}")
