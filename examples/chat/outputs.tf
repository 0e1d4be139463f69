output "config_rule_name" {
  description = "Name of the AWS Config rule, to look up verdicts with."
  value       = module.ec2_key_pair_monitor.config_rule_name
}

output "topic_arn" {
  description = "ARN of the topic that notifications are published to."
  value       = module.ec2_key_pair_monitor.topic_arn
}
