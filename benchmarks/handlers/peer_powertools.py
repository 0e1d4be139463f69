"""Powertools for AWS Lambda: its logger and its data class for AWS Config's events."""

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes import AWSConfigRuleEvent, event_source

logger = Logger(service="ec2-key-pair-monitor")
config = boto3.client("config")


@event_source(data_class=AWSConfigRuleEvent)
@logger.inject_lambda_context
def lambda_handler(event, context):
    item = event.invoking_event.configuration_item
    has_key = bool((item.configuration or {}).get("keyName"))
    config.put_evaluations(
        Evaluations=[
            {
                "ComplianceResourceType": item.resource_type,
                "ComplianceResourceId": item.resource_id,
                "ComplianceType": "COMPLIANT" if has_key else "NON_COMPLIANT",
                "OrderingTimestamp": item.configuration_item_capture_time,
            }
        ],
        ResultToken=event.result_token,
    )
    logger.info("evaluated", extra={"resourceId": item.resource_id})
