"""The oracle finds deliberate faults in plans, and judges every plan."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.oracles import cloudformation
from tests.oracles.cloudformation import KINDS, UNKNOWN, WITHOUT_COUNTERPART
from tests.oracles.plans import plan_policies, policy_faults, resource_faults
from tests.support.terraform import Root

REGION = "eu-central-1"
POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
}

# Resources without a fault.
RIGHT: dict[str, dict[str, Any]] = {
    "aws_cloudwatch_event_target": {
        "target_id": "it",
        "rule": "it",
        "arn": "arn:aws:sns:eu-central-1:123456789012:it",
        "input_transformer": [{"input_paths": {"a": "$.a"}, "input_template": '{"a": <a>}'}],
        "retry_policy": [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}],
    },
    "aws_cloudwatch_log_group": {"name": "/aws/lambda/it", "retention_in_days": 365, "skip_destroy": False},
    "aws_cloudwatch_metric_alarm": {
        "alarm_name": "it",
        "comparison_operator": "GreaterThanThreshold",
        "dimensions": {"QueueName": "it"},
        "evaluation_periods": 1,
        "metric_name": "ApproximateNumberOfMessagesVisible",
        "namespace": "AWS/SQS",
        "period": 300,
        "statistic": "Maximum",
        "threshold": 0,
        "treat_missing_data": "notBreaching",
    },
    "aws_config_config_rule": {
        "name": "it",
        "scope": [{"compliance_resource_types": ["AWS::EC2::Instance"]}],
        "source": [
            {
                "owner": "CUSTOM_LAMBDA",
                "source_identifier": "arn:aws:lambda:eu-central-1:123456789012:function:it",
                "source_detail": [{"event_source": "aws.config", "message_type": "ScheduledNotification"}],
            }
        ],
    },
    "aws_config_configuration_aggregator": {
        "name": "it",
        "organization_aggregation_source": [
            {"all_regions": True, "role_arn": "arn:aws:iam::123456789012:role/it"},
        ],
    },
    "aws_dynamodb_table": {
        "name": "it",
        "billing_mode": "PAY_PER_REQUEST",
        "hash_key": "source",
        "attribute": [{"name": "source", "type": "S"}],
        "point_in_time_recovery": [{"enabled": True}],
    },
    "aws_iam_role_policy": {"name": "it", "role": "it", "policy": json.dumps(POLICY)},
    "aws_lambda_event_source_mapping": {
        "function_name": "it",
        "batch_size": 10000,
        "event_source_arn": "arn:aws:sqs:eu-central-1:123456789012:it",
        "maximum_batching_window_in_seconds": 60,
        "scaling_config": [{"maximum_concurrency": 2}],
    },
    "aws_lambda_function": {
        "function_name": "it",
        "filename": "it.zip",
        "handler": "handler.handler",
        "memory_size": 256,
        "reserved_concurrent_executions": -1,
        "role": "arn:aws:iam::123456789012:role/it",
        "runtime": "python3.13",
        "timeout": 60,
    },
    "aws_lambda_permission": {"action": "lambda:InvokeFunction", "function_name": "it", "principal": "*"},
    "aws_scheduler_schedule": {
        "name": "it",
        "flexible_time_window": [{"mode": "OFF"}],
        "schedule_expression": "rate(7 days)",
        "target": [
            {
                "arn": "arn:aws:lambda:eu-central-1:123456789012:function:it",
                "role_arn": "arn:aws:iam::123456789012:role/it",
                "dead_letter_config": [{"arn": "arn:aws:sqs:eu-central-1:123456789012:it"}],
                "input": '{"scheduled_time": "<aws.scheduler.scheduled-time>"}',
                "retry_policy": [{"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185}],
            }
        ],
    },
    "aws_sns_topic_subscription": {
        "endpoint": "arn:aws:sqs:eu-central-1:123456789012:it",
        "protocol": "sqs",
        "topic_arn": "arn:aws:sns:eu-central-1:123456789012:it",
    },
    "aws_sqs_queue": {
        "name": "it",
        "message_retention_seconds": 1209600,
        "policy": json.dumps(POLICY | {"Statement": [{**POLICY["Statement"][0], "Principal": "*"}]}),
        "visibility_timeout_seconds": 30,
        "delay_seconds": 0,
    },
}


def planned(
    type_: str, values: dict[str, Any], unknown: dict[str, Any] | None = None, actions: tuple[str, ...] = ("create",)
) -> dict[str, Any]:
    """A plan of one resource as ``terraform show -json`` tells it."""
    change = {"actions": list(actions), "after": values, "after_unknown": unknown or {}}
    resource = {"address": f'{type_}.it["a.b"]', "mode": "managed", "type": type_, "change": change}
    return {"configuration": {"root_module": {}}, "resource_changes": [resource]}


def lint(document: dict[str, Any]) -> list[str]:
    """The faults of a plan's resources."""
    return resource_faults(cloudformation.resources(document, REGION))


@pytest.mark.parametrize("type_", RIGHT)
def test_right_resource(type_: str) -> None:
    """A resource without a fault passes, also if a required value is known only after the apply."""
    values = RIGHT[type_]
    required = [name for name in values if name in ("role", "arn", "topic_arn", "function_name")]
    known = {name: value for name, value in values.items() if name not in required}

    assert lint(planned(type_, values)) == []
    assert lint(planned(type_, known, dict.fromkeys(required, True))) == []


@pytest.mark.parametrize(
    ("type_", "wrong"),
    [
        ("aws_cloudwatch_event_target", {"target_id": "no blanks"}),
        ("aws_cloudwatch_event_target", {"retry_policy": [{"maximum_retry_attempts": 186}]}),
        ("aws_cloudwatch_event_target", {"arn": None}),
        ("aws_cloudwatch_log_group", {"retention_in_days": 366}),
        ("aws_cloudwatch_log_group", {"name": "no blanks"}),
        ("aws_cloudwatch_metric_alarm", {"statistic": "Median"}),
        ("aws_cloudwatch_metric_alarm", {"comparison_operator": "GreaterThan"}),
        ("aws_cloudwatch_metric_alarm", {"period": 45}),
        ("aws_cloudwatch_metric_alarm", {"treat_missing_data": "breached"}),
        ("aws_config_config_rule", {"source": [{"source_detail": [{"message_type": "ScheduledNotification"}]}]}),
        ("aws_config_configuration_aggregator", {"name": "a" * 257}),
        ("aws_config_configuration_aggregator", {"organization_aggregation_source": [{"all_regions": True}]}),
        ("aws_dynamodb_table", {"attribute": [{"name": "source", "type": "T"}]}),
        ("aws_iam_role_policy", {"policy": json.dumps(POLICY | {"Version": "2026-01-01"})}),
        ("aws_lambda_event_source_mapping", {"batch_size": 10001}),
        ("aws_lambda_event_source_mapping", {"scaling_config": [{"maximum_concurrency": 1}]}),
        ("aws_lambda_function", {"timeout": 901}),
        ("aws_lambda_function", {"runtime": "python3.99"}),
        ("aws_lambda_function", {"memory_size": 64}),
        ("aws_lambda_permission", {"action": "lambda-InvokeFunction"}),
        ("aws_scheduler_schedule", {"flexible_time_window": [{"mode": "NONE"}]}),
        ("aws_scheduler_schedule", {"target": [{"arn": "it"}]}),
        ("aws_sns_topic_subscription", {"protocol": None}),
        ("aws_sqs_queue", {"message_retention_seconds": 1209601}),
        ("aws_sqs_queue", {"policy": json.dumps(POLICY).replace("sqs:", "sns:")}),
        ("aws_sqs_queue", {"policy": json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Alow"}]})}),
    ],
)
def test_planted_fault_is_found(type_: str, wrong: dict[str, Any]) -> None:
    """A value out of range, a misspelt one or a missing one is a fault that names the resource."""
    faults = lint(planned(type_, RIGHT[type_] | wrong))

    assert faults
    assert all(each.startswith(f'{type_}.it["a.b"]: ') for each in faults)


def test_unknown_type_is_a_fault() -> None:
    """A type or an attribute that is not mapped is reported, and never ignored."""
    attribute = planned("aws_sqs_queue", {"name": "it", "colour": "blue"})

    assert lint(planned("aws_new_thing", {})) == [
        'aws_new_thing.it["a.b"]: aws_new_thing is not in KINDS of tests/oracles/cloudformation.py'
    ]
    assert lint(attribute) == ['aws_sqs_queue.it["a.b"]: aws_sqs_queue.colour is no property of AWS::SQS::Queue']


def test_same_name_twice_is_a_fault() -> None:
    """Two resources that AWS could not tell apart are a fault in one region, and none in two."""
    document = planned("aws_cloudwatch_log_group", RIGHT["aws_cloudwatch_log_group"])
    [first] = document["resource_changes"]
    document["resource_changes"].append(first | {"address": "module.other.aws_cloudwatch_log_group.it"})
    assert lint(document)

    other = {"resources": [{"address": "aws_cloudwatch_log_group.it", "provider_config_key": "aws.other"}]}
    document["configuration"] = {
        "root_module": {"module_calls": {"other": {"module": other}}},
        "provider_config": {"aws.other": {"expressions": {"region": {"constant_value": "us-east-1"}}}},
    }
    assert [each.region for each in cloudformation.resources(document, REGION)] == [REGION, "us-east-1"]
    assert lint(document) == []


def test_what_stays_is_not_judged_again() -> None:
    """A resource that does not change is not judged, nor are values that only AWS sets."""
    queue = RIGHT["aws_sqs_queue"] | {"url": "https://it", "arn": "arn:aws:sqs:eu-central-1:123456789012:it"}

    assert list(cloudformation.resources(planned("aws_sqs_queue", queue, actions=("no-op",)), REGION)) == []
    assert lint(planned("aws_sqs_queue", queue, actions=("update",))) == []
    assert lint(planned("aws_sqs_queue", queue | {"delay_seconds": -2}, actions=("update",)))


def test_unknown_value_is_a_reference() -> None:
    """A value that is known only after the apply becomes a reference if it is required, and else is left out."""
    document = planned("aws_sns_topic_subscription", {"protocol": "sqs"}, {"topic_arn": True, "endpoint": True})
    [resource] = cloudformation.resources(document, REGION)

    assert resource.body["Properties"] == {"Protocol": "sqs", "TopicArn": UNKNOWN}


def test_no_type_is_both_mapped_and_excused() -> None:
    """A type is either mapped or said to have no counterpart."""
    assert not KINDS.keys() & WITHOUT_COUNTERPART.keys()


def test_policies_of_a_plan_are_judged() -> None:
    """A misspelt action is found in a resource's policy, and in one that Terraform reads only during the apply."""
    policy = {"policy": json.dumps({"Statement": [{"Effect": "Allow", "Action": "sns:Publsh", "Resource": "*"}]})}
    deferred = {"statement": [{"actions": ["sns:Publsh"], "resources": [None]}]}

    assert policy_faults(plan_policies(planned("aws_iam_role_policy", policy))) == [
        'aws_iam_role_policy.it["a.b"]: statement 0: there is no action sns:Publsh'
    ]
    assert policy_faults(plan_policies(planned("aws_iam_policy_document", deferred))) == [
        'aws_iam_policy_document.it["a.b"]: statement 0: there is no action sns:Publsh'
    ]


def test_every_plan_is_judged(tmp_path: Path, terraform_environment: dict[str, str]) -> None:
    """A test that plans a resource with a fault, which the provider accepts, fails with it."""
    (tmp_path / "main.tf").write_text("""
      resource "aws_iam_policy" "it" {
        policy = jsonencode({
          Version   = "2012-10-17"
          Statement = { Effect = "Allow", Action = "sns:Publsh", Resource = "*" }
        })
      }
    """)
    root = Root(tmp_path, terraform_environment)
    root.init()

    with pytest.raises(AssertionError, match=r"aws_iam_policy\.it: statement 0: there is no action sns:Publsh"):
        root.plan()
