"""The function of the AWS Config rule: does this EC2 instance have a key pair?"""
