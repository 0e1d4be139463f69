# The monitor that `make verify` applies where none is deployed, under a name of its own.

module "ec2_key_pair_monitor" {
  source = "../"

  name = "ec2-key-pair-monitor-verify"
  tags = { ec2-key-pair-monitor-verify = "monitor" }
}

output "config_rule_name" {
  description = "Name of the AWS Config rule, to look up verdicts with."
  value       = module.ec2_key_pair_monitor.config_rule_name
}

output "topic_arn" {
  description = "ARN of the topic that notifications are published to."
  value       = module.ec2_key_pair_monitor.topic_arn
}

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}
