"""Translates a plan's resources to CloudFormation, so that a judge of CloudFormation can judge a plan.

The resource schemas that AWS publishes lead: an attribute becomes the property of its name, a block an object or a
list, a map a list of pairs, a policy an object. ``KINDS`` holds what the schemas cannot tell. A type or an attribute
that fits nowhere is reported, so that nothing is left out silently.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

# What is known only after the apply is a parameter of this name.
UNKNOWN = {"Ref": "Unknown"}

# Attributes of Terraform's own, and those that repeat another.
TERRAFORMS = {"name_prefix", "region", "tags_all"}


@dataclass(frozen=True, slots=True)
class Kind:
    """The counterpart of a Terraform type in CloudFormation.

    ``names`` maps attributes to properties of another name; a key may name the block before the attribute, and a
    property may be a path. ``skipped`` holds attributes without a property, ``unset`` what the provider plans for an
    attribute that has no value. ``inside`` is the property that holds a resource which CloudFormation knows only as a
    part of another, and ``more`` what that other one needs.
    """

    type: str
    names: Mapping[str, str] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    unset: Mapping[str, Any] = field(default_factory=dict)
    inside: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def _part_of_bucket(inside: str, **names: str) -> Kind:
    return Kind("AWS::S3::Bucket", names, frozenset({"bucket"}), inside=inside)


KINDS = {
    "aws_chatbot_slack_channel_configuration": Kind(
        "AWS::Chatbot::SlackChannelConfiguration",
        {
            "guardrail_policy_arns": "GuardrailPolicies",
            "slack_team_id": "SlackWorkspaceId",
            "user_authorization_required": "UserRoleRequired",
        },
    ),
    "aws_chatbot_teams_channel_configuration": Kind(
        "AWS::Chatbot::MicrosoftTeamsChannelConfiguration",
        {
            "channel_id": "TeamsChannelId",
            "guardrail_policy_arns": "GuardrailPolicies",
            "tenant_id": "TeamsTenantId",
            "user_authorization_required": "UserRoleRequired",
        },
        frozenset({"channel_name", "team_name"}),
    ),
    "aws_cloudwatch_dashboard": Kind("AWS::CloudWatch::Dashboard"),
    "aws_cloudwatch_event_archive": Kind(
        "AWS::Events::Archive", {"name": "ArchiveName", "event_source_arn": "SourceArn"}
    ),
    "aws_cloudwatch_event_bus": Kind("AWS::Events::EventBus"),
    "aws_cloudwatch_event_bus_policy": Kind(
        "AWS::Events::EventBus", skipped=frozenset({"event_bus_name"}), more={"Name": "-"}
    ),
    "aws_cloudwatch_event_rule": Kind("AWS::Events::Rule"),
    "aws_cloudwatch_event_target": Kind(
        "AWS::Events::Rule",
        {"target_id": "Id", "input_paths": "InputPathsMap"},
        frozenset({"event_bus_name", "rule"}),
        inside="Targets",
        more={"EventPattern": {"source": ["aws.config"]}},
    ),
    "aws_cloudwatch_log_group": Kind("AWS::Logs::LogGroup", {"name": "LogGroupName"}),
    "aws_cloudwatch_log_metric_filter": Kind(
        "AWS::Logs::MetricFilter",
        {
            "name": "FilterName",
            "pattern": "FilterPattern",
            "metric_transformation.name": "MetricName",
            "namespace": "MetricNamespace",
            "value": "MetricValue",
        },
    ),
    "aws_cloudwatch_metric_alarm": Kind(
        "AWS::CloudWatch::Alarm",
        {
            "metric_query": "Metrics",
            "metric": "MetricStat",
            "metric.dimensions": "Metric.Dimensions",
            "metric.metric_name": "Metric.MetricName",
            "metric.namespace": "Metric.Namespace",
        },
        unset={"datapoints_to_alarm": 0, "period": 0},
    ),
    # CloudFormation knows no tags of a rule.
    "aws_config_config_rule": Kind("AWS::Config::ConfigRule", {"name": "ConfigRuleName"}, frozenset({"tags"})),
    "aws_config_configuration_aggregator": Kind(
        "AWS::Config::ConfigurationAggregator",
        {"name": "ConfigurationAggregatorName", "all_regions": "AllAwsRegions", "regions": "AwsRegions"},
    ),
    "aws_config_configuration_recorder": Kind("AWS::Config::ConfigurationRecorder"),
    "aws_config_delivery_channel": Kind("AWS::Config::DeliveryChannel"),
    "aws_dynamodb_table": Kind(
        "AWS::DynamoDB::Table",
        {
            "name": "TableName",
            "attribute": "AttributeDefinitions",
            "attribute.name": "AttributeName",
            "attribute.type": "AttributeType",
            "point_in_time_recovery": "PointInTimeRecoverySpecification",
            "enabled": "PointInTimeRecoveryEnabled",
        },
        frozenset({"hash_key"}),
        more={"KeySchema": [{"AttributeName": "source", "KeyType": "HASH"}]},
    ),
    "aws_iam_policy": Kind(
        "AWS::IAM::ManagedPolicy",
        {"name": "ManagedPolicyName", "policy": "PolicyDocument"},
    ),
    "aws_iam_role": Kind("AWS::IAM::Role", {"name": "RoleName", "assume_role_policy": "AssumeRolePolicyDocument"}),
    "aws_iam_role_policy": Kind(
        "AWS::IAM::RolePolicy", {"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"}
    ),
    "aws_iam_role_policy_attachment": Kind(
        "AWS::IAM::Role",
        {"policy_arn": "ManagedPolicyArns"},
        frozenset({"role"}),
        more={"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    ),
    "aws_iam_service_linked_role": Kind("AWS::IAM::ServiceLinkedRole"),
    "aws_kms_alias": Kind("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws_kms_key": Kind(
        "AWS::KMS::Key",
        {"customer_master_key_spec": "KeySpec", "is_enabled": "Enabled", "policy": "KeyPolicy"},
        unset={"rotation_period_in_days": 0},
    ),
    "aws_lambda_event_source_mapping": Kind("AWS::Lambda::EventSourceMapping", unset={"parallelization_factor": 0}),
    "aws_lambda_function": Kind(
        "AWS::Lambda::Function",
        skipped=frozenset({"filename", "source_code_hash"}),
        unset={"reserved_concurrent_executions": -1},
        more={"Code": {"ZipFile": "-"}},
    ),
    "aws_lambda_function_event_invoke_config": Kind("AWS::Lambda::EventInvokeConfig", more={"Qualifier": "$LATEST"}),
    "aws_lambda_permission": Kind("AWS::Lambda::Permission", skipped=frozenset({"statement_id"})),
    "aws_s3_bucket": Kind("AWS::S3::Bucket", {"bucket": "BucketName"}),
    "aws_s3_bucket_lifecycle_configuration": _part_of_bucket("LifecycleConfiguration", days="ExpirationInDays"),
    "aws_s3_bucket_ownership_controls": _part_of_bucket("OwnershipControls"),
    "aws_s3_bucket_policy": Kind("AWS::S3::BucketPolicy", {"policy": "PolicyDocument"}),
    "aws_s3_bucket_public_access_block": _part_of_bucket("PublicAccessBlockConfiguration"),
    "aws_s3_bucket_server_side_encryption_configuration": _part_of_bucket(
        "BucketEncryption",
        rule="ServerSideEncryptionConfiguration",
        apply_server_side_encryption_by_default="ServerSideEncryptionByDefault",
    ),
    "aws_s3_bucket_versioning": _part_of_bucket(""),
    "aws_scheduler_schedule": Kind("AWS::Scheduler::Schedule", unset={"maximum_window_in_minutes": 0}),
    "aws_scheduler_schedule_group": Kind("AWS::Scheduler::ScheduleGroup"),
    "aws_sns_topic": Kind("AWS::SNS::Topic", {"name": "TopicName"}),
    "aws_sns_topic_policy": Kind("AWS::SNS::TopicPolicy", {"policy": "PolicyDocument", "arn": "Topics"}),
    "aws_sns_topic_subscription": Kind(
        "AWS::SNS::Subscription", skipped=frozenset({"confirmation_timeout_in_minutes"})
    ),
    "aws_sqs_queue": Kind(
        "AWS::SQS::Queue",
        {
            "name": "QueueName",
            "max_message_size": "MaximumMessageSize",
            "message_retention_seconds": "MessageRetentionPeriod",
            "receive_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
            "visibility_timeout_seconds": "VisibilityTimeout",
        },
        unset={"kms_data_key_reuse_period_seconds": 0},
    ),
    "aws_sqs_queue_policy": Kind("AWS::SQS::QueuePolicy", {"policy": "PolicyDocument", "queue_url": "Queues"}),
}

# Types that CloudFormation has nothing for.
WITHOUT_COUNTERPART = {
    "aws_config_configuration_recorder_status": "CloudFormation starts each recorder",
    "terraform_data": "Terraform's own",
}

# An attribute that is a resource of its own in CloudFormation: the type of that one, and its reference to the first.
APART = {
    ("aws_sns_topic", "policy"): ("aws_sns_topic_policy", "arn"),
    ("aws_sqs_queue", "policy"): ("aws_sqs_queue_policy", "queue_url"),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A planned resource in CloudFormation's form, with the attributes that could not be translated."""

    address: str
    region: str
    body: Mapping[str, Any]
    faults: tuple[str, ...] = ()


def resources(document: Mapping[str, Any], region: str) -> Iterator[Resource]:
    """The resources that a plan creates or changes. ``region`` is the region of a provider block without one."""
    keys = dict(_provider_keys(document["configuration"]["root_module"]))
    providers = document["configuration"].get("provider_config", {})
    for change in document.get("resource_changes", []):
        actions, values = change["change"]["actions"], change["change"]["after"]
        if (
            change["mode"] != "managed"
            or change["type"] in WITHOUT_COUNTERPART
            or not {"create", "update"} & set(actions)
        ):
            continue
        provider = providers.get(keys.get(_without_keys(change["address"]), ""), {})
        named = provider.get("expressions", {}).get("region", {}).get("constant_value")
        unknown = change["change"].get("after_unknown") or {}
        for type_, attributes in _apart(change["type"], _with_unknown(values, unknown)):
            resource = _resource(change["address"], type_, attributes, named or region)
            # Of what exists already, the plan shows attributes that only AWS sets, too.
            yield resource if "create" in actions else replace(resource, faults=())


def _apart(type_: str, values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A resource, and the parts of it that are resources of their own in CloudFormation."""
    for attribute in [name for of, name in APART if of == type_]:
        if not _is_unset(value := values.pop(attribute, None)):
            part, link = APART[type_, attribute]
            yield part, {attribute: value, link: values["name"]}
    yield type_, values


def _resource(address: str, type_: str, values: Mapping[str, Any], region: str) -> Resource:
    if type_ not in KINDS:
        return Resource(address, region, {}, (f"{type_} is not in KINDS of tests/oracles/cloudformation.py",))
    kind = KINDS[type_]
    translator = _Translator(kind, region)
    body = {"Type": kind.type, "Properties": {**kind.more, **translator.translate(values)}}
    faults = (f"{type_}.{each} is no property of {kind.type}" for each in translator.unmatched)
    return Resource(address, region, body, tuple(faults))


class _Translator:
    """Translates the attributes of one resource by the schema of its type."""

    def __init__(self, kind: Kind, region: str) -> None:
        self._kind = kind
        self._schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind.type).schema
        self.unmatched: list[str] = []

    def translate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in values.items() if name not in self._kind.skipped}
        if not self._kind.inside:
            return self._object(kept, self._schema, "")
        schema = self._schema["properties"][self._kind.inside]
        return {self._kind.inside: self._value([kept], schema, "")}

    def _object(self, values: Mapping[str, Any], schema: Mapping[str, Any], block: str) -> dict[str, Any]:
        """An object; what it calls a block and CloudFormation does not is taken for a part of it."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            if _is_unset(value) or value == self._kind.unset.get(name):
                continue
            path = self._property(schema, name, block)
            if path and (value != UNKNOWN or path[0] in schema.get("required", [])):
                _put(found, path, self._value(value, self._at(schema, path), name))
            elif not path and _is_block(value):
                for property_, each in self._object(value[0], schema, name).items():
                    found.setdefault(property_, each)
            elif not path and value != UNKNOWN and name not in TERRAFORMS:
                self.unmatched.append(f"{block}.{name}" if block else name)
        return found

    def _property(self, schema: Mapping[str, Any], name: str, block: str) -> list[str]:
        """The path to the property that an attribute becomes, or nothing."""
        named = self._kind.names.get(f"{block}.{name}") or self._kind.names.get(name)
        if named and named.partition(".")[0] in schema.get("properties", {}):
            return named.split(".")
        plain = name.replace("_", "")
        found = [each for each in schema.get("properties", {}) if each.lower() in (plain, f"{plain}s")]
        set_by_aws = self._schema.get("readOnlyProperties", []) if schema is self._schema else []
        return [each for each in found if f"/properties/{each}" not in set_by_aws][:1]

    def _value(self, value: Any, schema: Mapping[str, Any], name: str) -> Any:
        schema = self._resolved(schema)
        types = schema.get("type", [])
        is_list = "array" in types
        if value == UNKNOWN:
            return [value] if is_list else value
        if isinstance(value, Mapping):
            return _pairs(value, self._resolved(schema["items"])) if is_list else dict(value)
        if is_list:
            listed = value if isinstance(value, list) else [value]
            return [self._item(each, schema.get("items", {}), name) for each in listed]
        if isinstance(value, list):
            return self._item(value[0], schema, name)
        if types != "string" and isinstance(value, str) and value.startswith("{"):
            return json.loads(value)
        return value

    def _item(self, value: Any, schema: Mapping[str, Any], name: str) -> Any:
        """A block, or an element of a list."""
        resolved = self._resolved(schema)
        return self._object(value, resolved, name) if isinstance(value, Mapping) and value != UNKNOWN else value

    def _at(self, schema: Mapping[str, Any], path: list[str]) -> Mapping[str, Any]:
        for each in path:
            schema = self._resolved(schema)["properties"][each]
        return schema

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._schema["definitions"][schema["$ref"].rpartition("/")[2]]
        return schema


def _is_unset(value: Any) -> bool:
    """Whether a provider sends no value; what is false is switched off in CloudFormation, too.

    A block that the provider read back without anything in it is not sent either.
    """
    is_hollow = _is_block(value) and all(each is None or each in ("", [], {}) for each in value[0].values())
    return is_hollow or value is None or value is False or value in ("", [], {})


def _put(found: dict[str, Any], path: list[str], value: Any) -> None:
    for each in path[:-1]:
        found = found.setdefault(each, {})
    found[path[-1]] = value


def _is_block(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping)


def _pairs(value: Mapping[str, Any], schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A map as a list of pairs, such as ``Name`` and ``Value``."""
    [name] = schema["properties"].keys() - {"Value"}
    return [{name: key, "Value": each} for key, each in value.items()]


def _with_unknown(values: Any, unknown: Any) -> Any:
    """Planned values, with ``UNKNOWN`` for values that are known only after the apply."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, Mapping) and isinstance(values, Mapping):
        names = values.keys() | unknown.keys()
        return {name: _with_unknown(values.get(name), unknown.get(name)) for name in sorted(names)}
    if isinstance(unknown, list) and isinstance(values, list):
        return [
            _with_unknown(value, unknown[number] if number < len(unknown) else None)
            for number, value in enumerate(values)
        ]
    return values


def _provider_keys(module: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each resource's address, without keys of instances, with the key of its provider's configuration."""
    for resource in module.get("resources", []):
        yield prefix + resource["address"], resource["provider_config_key"]
    for name, call in module.get("module_calls", {}).items():
        yield from _provider_keys(call["module"], f"{prefix}module.{name}.")


def _without_keys(address: str) -> str:
    return re.sub(r"\[(\d+|\"([^\"\\\\]|\\\\.)*\")\]", "", address)
