"""A client of AWS Config, and no call."""

import boto3

config = boto3.client("config")


def lambda_handler(event, context):
    pass
