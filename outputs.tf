output "alarm_arns" {
  description = "ARNs of the alarms, by the end of their name."
  value = merge(
    module.failures.alarm_arns,
    { for alarm in aws_cloudwatch_metric_alarm.sweep_overdue : "sweep-overdue" => alarm.arn },
    module.notifications[*].alarm_arns...
  )
}

output "config_rule_arn" {
  description = "ARN of the AWS Config rule."
  value       = aws_config_config_rule.this.arn
}

output "config_rule_name" {
  description = "Name of the AWS Config rule."
  value       = aws_config_config_rule.this.name
}

output "dead_letter_queue_arns" {
  description = <<-TEXT
    ARNs of the dead-letter queues: `evaluations`, `notifications`, for the module's own topic `deliveries`, with a
    digest `digests`, and with a report `reports`.
  TEXT
  value       = merge(module.failures.queue_arns, module.notifications[*].dead_letter_queue_arns...)
}

output "dead_letter_queue_urls" {
  description = "URLs of the dead-letter queues, by the same names as their ARNs."
  value       = merge(module.failures.queue_urls, module.notifications[*].dead_letter_queue_urls...)
}

output "evaluator_function_arn" {
  description = "ARN of the evaluator function."
  value       = aws_lambda_function.evaluator.arn
}

output "evaluator_function_name" {
  description = "Name of the evaluator function."
  value       = aws_lambda_function.evaluator.function_name
}

output "evaluator_log_group_name" {
  description = "Name of the log group of the evaluator function."
  value       = aws_cloudwatch_log_group.evaluator.name
}

output "evaluator_role_arn" {
  description = "ARN of the role of the evaluator function."
  value       = aws_iam_role.evaluator.arn
}

output "event_rule_arns" {
  description = "ARNs of event rules: one for each verdict in `notify_on`, `recorder`, and for a hub those of alarms."
  value       = { for kind, rule in aws_cloudwatch_event_rule.notified : kind => rule.arn }
}

output "kms_key_arn" {
  description = "ARN of the key that the module created for its topic, or null."
  value       = one(module.notifications[*].key_arn)
}

output "notifier_function_name" {
  description = "Name of the notifier function, or null without a digest."
  value       = one(module.notifications[*].notifier_function_name)
}

output "notifier_log_group_name" {
  description = "Name of the log group of the notifier function, or null without a digest."
  value       = one(module.notifications[*].notifier_log_group_name)
}

output "reporter_function_name" {
  description = "Name of the reporter function, or null without `report_schedule`."
  value       = one(module.notifications[*].reporter_function_name)
}

output "reporter_log_group_name" {
  description = "Name of the log group of the reporter function, or null without `report_schedule`."
  value       = one(module.notifications[*].reporter_log_group_name)
}

output "topic_arn" {
  description = "ARN of the topic that notifications are published to, or null where only the hub is notified."
  value       = one(module.notifications[*].topic_arn)
}
