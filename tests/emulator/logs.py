"""CloudWatch Logs: what a function writes with its role, and the keys of log groups.

- Lambda's permissions: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
- Resources of the actions:
  https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
- Keys: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html

A function without the permission to write runs all the same, and its lines are lost, as on AWS. AWS's reference has a
log group as the resource of CreateLogStream; a policy for ``log-group:NAME`` alone does not allow it, one for
``log-group:NAME:*`` does.

Assumed: lines are also lost while the group's key is disabled or does not admit CloudWatch Logs. More permissive than
AWS: what was written under a key is read without it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend, logs_backends
from moto.logs.responses import LogsResponse
from moto.utilities.utils import get_partition

from tests.emulator import cloudwatch_metrics, policies, roles
from tests.emulator.moto_methods import extends, refuse

# What CloudWatch Logs asks of a key, as its page's policy has it.
USE = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey")


def write(region: str, role_arn: str, group_name: str, stream: str, lines: Sequence[str]) -> None:
    """Write a function's output to its log group, as far as its role may."""
    account = role_arn.split(":")[4]
    backend = logs_backends[account][region]
    stream_arn = f"{arn_of(region, account, group_name)}:log-stream:{stream}"
    if group_name not in backend.groups and roles.may(role_arn, "logs:CreateLogGroup", stream_arn):
        backend.create_log_group(group_name, {})
    group = backend.groups.get(group_name)
    if not lines or group is None or not key_works(arn_of(region, account, group_name), group.kms_key_id):
        return
    if stream not in group.streams and roles.may(role_arn, "logs:CreateLogStream", stream_arn):
        backend.create_log_stream(group_name, stream)
    if stream not in group.streams or not roles.may(role_arn, "logs:PutLogEvents", stream_arn):
        return
    now = int(datetime.now(UTC).timestamp() * 1000)
    backend.put_log_events(group_name, stream, [{"timestamp": now, "message": line} for line in lines])
    cloudwatch_metrics.count_lines(region, account, group_name, lines)


def arn_of(region: str, account: str, group_name: str) -> str:
    """The ARN of a log group, whether it is there or not."""
    return f"arn:{get_partition(region)}:logs:{region}:{account}:log-group:{group_name}"


# Keys


def key_works(group_arn: str, key: str | None) -> bool:
    """Whether CloudWatch Logs may use the key of a log group; a group without one has no need."""
    service = f"logs.{group_arn.split(':')[3]}.amazonaws.com"
    context = {"kms:EncryptionContext:aws:logs:arn": group_arn}
    return not key or policies.key_admits(key, group_arn, service, USE, context)


def check_key(group_arn: str, key: str | None) -> None:
    """Refuse a key that is not named by its ARN, or that CloudWatch Logs may not use."""
    if key and not (key.startswith("arn:") and key_works(group_arn, key)):
        message = f"The specified KMS key does not exist or is not allowed to be used with Arn '{group_arn}'"
        refuse("InvalidParameterException", message)


@extends(LogsBackend)
def create_log_group(self: LogsBackend, log_group_name: str, tags: dict[str, str], **options: Any) -> LogGroup:
    """CreateLogGroup, with the check of its key."""
    check_key(arn_of(self.region_name, self.account_id, log_group_name), options.get("kmsKeyId"))
    made: LogGroup = create_log_group.replaced(self, log_group_name, tags, **options)
    return made


def group_of(response: LogsResponse) -> LogGroup:
    """The log group that a request names, by its name or by an ARN."""
    given: str = response._get_param("logGroupName") or response._get_param("resourceIdentifier") or ""
    group: LogGroup | None = response.logs_backend.groups.get(given.partition(":log-group:")[2] or given)
    if group is None:
        raise ResourceNotFoundException
    return group


@extends(LogsResponse)
def associate_kms_key(self: LogsResponse) -> ActionResult:
    """AssociateKmsKey: what is written from now on is encrypted with the key.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html
    """
    group, key = group_of(self), self._get_param("kmsKeyId")
    check_key(arn_of(self.region, self.current_account, group.name), key)
    group.kms_key_id = key
    return ActionResult({})


@extends(LogsResponse)
def disassociate_kms_key(self: LogsResponse) -> ActionResult:
    """DisassociateKmsKey: what is written from now on is encrypted by CloudWatch Logs itself.

    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DisassociateKmsKey.html
    """
    group_of(self).kms_key_id = None
    return ActionResult({})
