"""Says before EC2 instances exist which would be launched without a key pair, as the Lambda function decides."""
