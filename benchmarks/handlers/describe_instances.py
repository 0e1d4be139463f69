"""A sweep over DescribeInstances by boto3, streaming, a hundred evaluations a call."""

import json
from itertools import islice

import boto3

ec2 = boto3.client("ec2")
config = boto3.client("config")


def evaluations(ordering_timestamp):
    for page in ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000}):
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                yield {
                    "ComplianceResourceType": "AWS::EC2::Instance",
                    "ComplianceResourceId": instance["InstanceId"],
                    "ComplianceType": "COMPLIANT" if instance.get("KeyName") else "NON_COMPLIANT",
                    "OrderingTimestamp": ordering_timestamp,
                }


def lambda_handler(event, context):
    time = json.loads(event["invokingEvent"])["notificationCreationTime"]
    found = evaluations(time)
    while batch := list(islice(found, 100)):
        config.put_evaluations(Evaluations=batch, ResultToken=event["resultToken"])
