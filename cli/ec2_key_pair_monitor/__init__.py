"""Finds EC2 instances that would be launched without a key pair, with the same decision as the Lambda function."""
