# The hub of an organization: an event bus that members send to, and one event rule that sends the events of monitors to
# a digest. From there on, the hub works like a monitor with a digest. Its report reads the aggregator in aggregator.tf.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Only for the region's name: the attributes of aws_region that hold it are missing in provider 5 or deprecated in 6.
data "aws_service" "events" {
  service_id = "events"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.events.region

  # Built from names, so that a plan shows every policy in full.
  event_bus_arn  = "arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/${var.name}"
  event_rule_arn = "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${var.name}/${var.name}"

  console_domains = {
    aws-cn     = "console.amazonaws.cn"
    aws-eusc   = "console.amazonaws-eusc.eu"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }

  # Every other event on the bus is ignored, whoever sends it.
  pattern = jsonencode({
    "$or" = [
      {
        source      = ["aws.config"]
        detail-type = ["Config Rules Compliance Change"]
        detail = {
          messageType    = ["ComplianceChangeNotification"]
          configRuleName = var.monitor_names
          resourceType   = ["AWS::EC2::Instance"]
        }
      },
      {
        source      = ["aws.config"]
        detail-type = ["AWS API Call via CloudTrail"]
        detail      = { eventSource = ["config.amazonaws.com"] }
      },
      {
        source      = ["aws.cloudwatch"]
        detail-type = ["CloudWatch Alarm State Change"]
        detail = {
          alarmName = [for name in var.monitor_names : { prefix = "${name}-" }]
          state     = { value = ["ALARM", "INSUFFICIENT_DATA"] }
        }
      },
    ]
  })
}

# 1. The event bus

resource "aws_cloudwatch_event_bus" "this" {
  name = var.name
  tags = var.tags
}

data "aws_iam_policy_document" "bus" {
  dynamic "statement" {
    for_each = var.organization[*]

    content {
      sid       = "Organization"
      actions   = ["events:PutEvents"]
      resources = [local.event_bus_arn]

      principals {
        type        = "AWS"
        identifiers = ["*"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:PrincipalOrgID"
        values   = [statement.value.id]
      }

      dynamic "condition" {
        for_each = statement.value.paths == null ? [] : [tolist(statement.value.paths)]

        content {
          test     = "ForAnyValue:StringLike"
          variable = "aws:PrincipalOrgPaths"
          values   = condition.value
        }
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.account_ids) > 0 ? ["accounts"] : []

    content {
      sid       = "Accounts"
      actions   = ["events:PutEvents"]
      resources = [local.event_bus_arn]

      principals {
        type        = "AWS"
        identifiers = [for id in var.account_ids : "arn:${local.partition}:iam::${id}:root"]
      }
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy         = data.aws_iam_policy_document.bus.json

  lifecycle {
    precondition {
      condition     = length(data.aws_iam_policy_document.bus.minified_json) <= 10240
      error_message = "account_ids make a policy of more than 10,240 characters: name fewer, or use organization."
    }
  }
}

# 2. The event rule, from the event bus to the digest

resource "aws_cloudwatch_event_rule" "members" {
  name           = var.name
  description    = "What key pair monitors of other accounts and regions report to ${var.name}."
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern  = local.pattern
  tags           = var.tags

  lifecycle {
    precondition {
      condition     = length(local.pattern) <= 2048
      error_message = "monitor_names make an event pattern of more than 2,048 characters: name fewer."
    }
  }
}

resource "aws_cloudwatch_event_target" "digest" {
  rule           = aws_cloudwatch_event_rule.members.name
  event_bus_name = aws_cloudwatch_event_bus.this.name
  target_id      = "digest"
  arn            = module.notifications.queue_arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.failures.queue_arns["events"]
  }
}

# An archive lets you notify again with a replay; docs/organization.md shows the command. A replay reaches only this
# bus.
resource "aws_cloudwatch_event_archive" "this" {
  count = var.archive_days == null ? 0 : 1

  name             = var.name
  description      = "What key pair monitors have reported to ${var.name}."
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  event_pattern    = local.pattern
  retention_days   = var.archive_days
}

module "notifications" {
  source = "../notifications"

  account_names            = var.account_names
  alarm_topic_arns         = var.alarm_topic_arns
  console_domain           = lookup(local.console_domains, local.partition, "console.aws.amazon.com")
  digest_by                = var.digest_by
  digest_window_seconds    = var.digest_window_seconds
  event_rule_arns          = [local.event_rule_arn]
  kms_key                  = var.kms_key
  log_retention_days       = var.log_retention_days
  name                     = var.name
  notification_emails      = var.notification_emails
  only_digests             = true
  permissions_boundary_arn = var.permissions_boundary_arn
  report                   = local.report
  sns_topic                = var.sns_topic
  subscriptions            = var.subscriptions
  tags                     = var.tags
}

module "failures" {
  source = "../failures"

  name             = var.name
  alarm_topic_arns = module.notifications.alarm_topic_arns
  tags             = var.tags

  dead_letters = {
    events = {
      broken = "EventBridge could not deliver what members report: nobody was notified."
      sender = { service = "events.amazonaws.com", arns = [local.event_rule_arn] }
    }
  }

  # The metrics of rules on a custom event bus have both dimensions.
  alarms = {
    failed-events = {
      metric     = "AWS/Events/FailedInvocations"
      dimensions = { EventBusName = var.name, RuleName = var.name }
      description = join(" ", [
        "EventBridge gave up on events of members: nobody is notified. First look at the policy of the queue",
        "${var.name}-digest, and at the messages in the queue ${var.name}-dead-events.",
      ])
    }
    delayed-events = {
      metric     = "AWS/Events/RetryInvocationAttempts"
      dimensions = { EventBusName = var.name, RuleName = var.name }
      period     = 900
      periods    = 3
      description = join(" ", [
        "EventBridge has retried events of members for at least a quarter of an hour: nobody is notified yet, and",
        "after 24 hours the events become dead letters. First look at the AWS Health Dashboard for",
        "${local.region}, and at throttling of SQS.",
      ])
    }
    lost-events = {
      metric     = "AWS/Events/InvocationsFailedToBeSentToDlq"
      dimensions = { EventBusName = var.name, RuleName = var.name }
      description = join(" ", [
        "EventBridge could neither deliver events of members nor keep them: they are lost. First look at whether",
        "the queue ${var.name}-dead-events exists, and at its policy.",
      ])
    }
  }
}
