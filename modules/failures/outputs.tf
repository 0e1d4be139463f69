output "alarm_arns" {
  description = "ARNs of the alarms, by the end of their name."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.this : name => alarm.arn }
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = [for name, each in local.alarms : "${var.name}-${name}" if each.needed && var.alarm_topic_arns != null]
}

output "queue_arns" {
  description = "ARNs of the dead-letter queues, by the end of their name."
  value       = { for purpose, queue in aws_sqs_queue.dead_letters : purpose => queue.arn }
}

output "queue_urls" {
  description = "URLs of the dead-letter queues, by the end of their name."
  value       = { for purpose, queue in aws_sqs_queue.dead_letters : purpose => queue.url }
}
