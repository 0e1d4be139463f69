"""In the manner of the sample in AWS's documentation: the client is made in the handler, so with every event."""

import json

import boto3


def is_applicable(item, event):
    return item["configurationItemStatus"] in ("OK", "ResourceDiscovered") and not event["eventLeftScope"]


def evaluate(item):
    return "COMPLIANT" if item["configuration"].get("keyName") else "NON_COMPLIANT"


def lambda_handler(event, context):
    invoking_event = json.loads(event["invokingEvent"])
    item = invoking_event["configurationItem"]
    compliance = evaluate(item) if is_applicable(item, event) else "NOT_APPLICABLE"
    config = boto3.client("config")
    config.put_evaluations(
        Evaluations=[
            {
                "ComplianceResourceType": item["resourceType"],
                "ComplianceResourceId": item["resourceId"],
                "ComplianceType": compliance,
                "OrderingTimestamp": item["configurationItemCaptureTime"],
            }
        ],
        ResultToken=event["resultToken"],
    )
