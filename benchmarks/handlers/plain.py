"""The honest floor: boto3, a client made at import, and nothing else."""

import json

import boto3

config = boto3.client("config")


def lambda_handler(event, context):
    item = json.loads(event["invokingEvent"])["configurationItem"]
    has_key = bool((item["configuration"] or {}).get("keyName"))
    config.put_evaluations(
        Evaluations=[
            {
                "ComplianceResourceType": item["resourceType"],
                "ComplianceResourceId": item["resourceId"],
                "ComplianceType": "COMPLIANT" if has_key else "NON_COMPLIANT",
                "OrderingTimestamp": item["configurationItemCaptureTime"],
            }
        ],
        ResultToken=event["resultToken"],
    )
