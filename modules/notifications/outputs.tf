output "alarm_arns" {
  description = "ARNs of the alarms, by the end of their name."
  value       = module.failures.alarm_arns
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = module.failures.alarm_names
}

output "alarm_topic_arns" {
  description = "ARNs of the topics that alarms notify, or null without alarms."
  value       = local.alarm_topic_arns
}

output "dead_letter_queue_arns" {
  description = "ARNs of the dead-letter queues, by the end of their name."
  value       = module.failures.queue_arns
}

output "dead_letter_queue_urls" {
  description = "URLs of the dead-letter queues, by the end of their name."
  value       = module.failures.queue_urls
}

output "key_arn" {
  description = "ARN of the key that the module created for its topic, or null."
  value       = one(aws_kms_key.topic[*].arn)
}

output "notifier_function_name" {
  description = "Name of the notifier function, or null without a digest."
  value       = one(aws_lambda_function.notifier[*].function_name)
}

output "notifier_log_group_name" {
  description = "Name of the log group of the notifier function, or null without a digest."
  value       = one(aws_cloudwatch_log_group.notifier[*].name)
}

output "queue_arn" {
  description = "ARN of the queue that collects events for a digest, or null without a digest."
  value       = one(aws_sqs_queue.digest[*].arn)
}

output "reporter_function_name" {
  description = "Name of the reporter function, or null without a report."
  value       = one(aws_lambda_function.reporter[*].function_name)
}

output "reporter_log_group_name" {
  description = "Name of the log group of the reporter function, or null without a report."
  value       = one(aws_cloudwatch_log_group.reporter[*].name)
}

# Publishers must wait for the topic's policy and subscribers, because earlier notifications are lost. A destroy
# reverses the order: event rules change to another topic before this one loses its subscribers.
output "topic_arn" {
  description = "ARN of the topic that notifications are published to."
  value       = coalesce(one(aws_sns_topic.this[*].arn), local.topic_arn)

  depends_on = [
    aws_sns_topic_policy.this,
    aws_sns_topic_subscription.email,
    aws_sns_topic_subscription.others,
  ]
}
