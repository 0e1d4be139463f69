output "config_rule_name" {
  description = "Name of the AWS Config rule in each region."
  value       = module.eu_central_1.config_rule_name
}

output "event_bus_arn" {
  description = "ARN of the hub's event bus, for the input `central` of every other monitor."
  value       = module.hub.event_bus_arn
}

output "topic_arn" {
  description = "ARN of the topic that the hub publishes notifications to."
  value       = module.hub.topic_arn
}
