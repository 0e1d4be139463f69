output "alarm_arns" {
  description = "ARNs of the alarms, by the end of their name."
  value       = merge(module.failures.alarm_arns, module.notifications.alarm_arns)
}

output "archive_arn" {
  description = "ARN of the archive, or null without one."
  value       = one(aws_cloudwatch_event_archive.this[*].arn)
}

output "dead_letter_queue_arns" {
  description = <<-TEXT
    ARNs of the dead-letter queues: `events`, `digests`, for the module's own topic `deliveries`, and with a report
    `reports`.
  TEXT
  value       = merge(module.failures.queue_arns, module.notifications.dead_letter_queue_arns)
}

output "dead_letter_queue_urls" {
  description = "URLs of the dead-letter queues, by the same names as their ARNs."
  value       = merge(module.failures.queue_urls, module.notifications.dead_letter_queue_urls)
}

output "event_bus_arn" {
  description = "ARN of the event bus, for the input `central` of each monitor."
  value       = aws_cloudwatch_event_bus.this.arn

  # Without the policy, EventBridge refuses the target of a member. Without the event rule, events on the bus are lost.
  depends_on = [
    aws_cloudwatch_event_bus_policy.this,
    aws_cloudwatch_event_target.digest,
  ]
}

output "event_rule_arn" {
  description = "ARN of the event rule on the bus, for a replay of the archive."
  value       = aws_cloudwatch_event_rule.members.arn
}

output "kms_key_arn" {
  description = "ARN of the key that the module created for its topic, or null."
  value       = module.notifications.key_arn
}

output "notifier_function_name" {
  description = "Name of the notifier function."
  value       = module.notifications.notifier_function_name
}

output "notifier_log_group_name" {
  description = "Name of the log group of the notifier function."
  value       = module.notifications.notifier_log_group_name
}

output "reporter_function_name" {
  description = "Name of the reporter function, or null without `report_schedule`."
  value       = module.notifications.reporter_function_name
}

output "reporter_log_group_name" {
  description = "Name of the log group of the reporter function, or null without `report_schedule`."
  value       = module.notifications.reporter_log_group_name
}

output "topic_arn" {
  description = "ARN of the topic that notifications are published to."
  value       = module.notifications.topic_arn
}
