output "topic_arns" {
  description = "ARNs of the topics that notifications are published to, by region."
  value = {
    eu-central-1 = module.eu_central_1.topic_arn
    eu-west-1    = module.eu_west_1.topic_arn
    us-east-1    = module.us_east_1.topic_arn
  }
}
