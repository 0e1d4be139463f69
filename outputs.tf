output "config_rule_arn" {
  description = "ARN of the AWS Config rule."
  value       = aws_config_config_rule.this.arn
}

output "config_rule_name" {
  description = "Name of the AWS Config rule."
  value       = aws_config_config_rule.this.name
}

output "dead_letter_queue_arns" {
  description = "ARNs of the queues of what could not be processed: `evaluations`, `notifications`, of the module's own topic `deliveries`, and of digests `digests`."
  value       = { for purpose, queue in aws_sqs_queue.dead_letters : purpose => queue.arn }
}

output "event_rule_arns" {
  description = "ARNs of the EventBridge rules, by the verdict that each notifies."
  value       = { for state, rule in aws_cloudwatch_event_rule.compliance_change : state => rule.arn }
}

output "function_arn" {
  description = "ARN of the evaluator function."
  value       = aws_lambda_function.evaluator.arn
}

output "function_name" {
  description = "Name of the evaluator function."
  value       = aws_lambda_function.evaluator.function_name
}

output "log_group_name" {
  description = "Name of the log group of the evaluator function."
  value       = aws_cloudwatch_log_group.evaluator.name
}

output "notifier_function_name" {
  description = "Name of the notifier function, or null without a digest."
  value       = one(aws_lambda_function.notifier[*].function_name)
}

output "notifier_log_group_name" {
  description = "Name of the log group of the notifier function, or null without a digest."
  value       = one(aws_cloudwatch_log_group.notifier[*].name)
}

output "role_arn" {
  description = "ARN of the role of the evaluator function."
  value       = aws_iam_role.evaluator.arn
}

output "topic_arn" {
  description = "ARN of the topic that notifications are published to."
  value       = local.topic_arn
}
