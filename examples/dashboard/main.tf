# A report each Monday, a sweep each night, and a dashboard that shows open instances and whether notifications arrive.

# Only for the region's name: the attributes of aws_region that hold it are missing in provider 5 or deprecated in 6.
data "aws_service" "cloudwatch" {
  service_id = "monitoring"
}

locals {
  name = module.ec2_key_pair_monitor.config_rule_name
}

module "ec2_key_pair_monitor" {
  source = "../../"

  evaluation_frequency = "TwentyFour_Hours"
  notification_emails  = ["security@example.com"]

  report_schedule = {
    expression = "cron(0 8 ? * MON *)"
    timezone   = "Europe/Berlin"
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = [
      for place, widget in [
        {
          title   = "Instances without an allowed key pair, at each sweep and report"
          stat    = "Maximum"
          period  = 86400
          metrics = [[local.name, "OpenInstances"]]
        },
        {
          title  = "Evaluations"
          stat   = "Sum"
          period = 3600
          metrics = [
            for metric in ["Invocations", "Errors", "Throttles"] :
            ["AWS/Lambda", metric, "FunctionName", module.ec2_key_pair_monitor.evaluator_function_name]
          ]
        },
        {
          title  = "Notifications"
          stat   = "Sum"
          period = 3600
          metrics = [
            for metric in ["NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"] :
            ["AWS/SNS", metric, "TopicName", local.name]
          ]
        },
      ] :
      {
        type       = "metric"
        x          = place * 8
        y          = 0
        width      = 8
        height     = 6
        properties = merge(widget, { region = data.aws_service.cloudwatch.region, view = "timeSeries" })
      }
    ]
  })
}
