# Creates the dead-letter queues and alarms that the caller lists in two tables.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Only for the region's name: the attributes of aws_region that hold it are missing in provider 5 or deprecated in 6.
data "aws_service" "sqs" {
  service_id = "sqs"
}

locals {
  # Built from names, so that a plan shows every policy in full.
  queue_arn_prefix = join(":", [
    "arn",
    data.aws_partition.current.partition,
    "sqs",
    data.aws_service.sqs.region,
    data.aws_caller_identity.current.account_id,
    "${var.name}-dead",
  ])

  dead_letters = { for purpose, each in var.dead_letters : purpose => each if each.needed }

  # Each dead-letter queue has its own alarm.
  alarms = merge(var.alarms, {
    for purpose, each in local.dead_letters : "dead-${purpose}" => {
      needed     = true
      metric     = "AWS/SQS/ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = "${var.name}-dead-${purpose}" }
      statistic  = "Maximum"
      threshold  = 0
      period     = 300
      periods    = 1
      description = join(" ", [
        each.broken,
        "First look at the messages in the queue ${var.name}-dead-${purpose}, which keeps them for 14 days.",
        "The documentation says what to do with them. The alarm ends when the queue is empty.",
      ])
    }
  })
}

data "aws_iam_policy_document" "dead_letters" {
  for_each = local.dead_letters

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = ["${local.queue_arn_prefix}-${each.key}"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = each.value.sender[*]

    content {
      sid       = "KeepDeadLetters"
      actions   = ["sqs:SendMessage"]
      resources = ["${local.queue_arn_prefix}-${each.key}"]

      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value.arns
      }
    }
  }
}

# The policy is an argument of the queue, because a separate resource would make the apply slower. SQS encrypts the
# queues with its own keys, so that no dead letter is lost with a customer managed key.
resource "aws_sqs_queue" "dead_letters" {
  for_each = local.dead_letters

  name                      = "${var.name}-dead-${each.key}"
  message_retention_seconds = 1209600 # 14 days, the maximum
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.dead_letters[each.key].json
  tags                      = var.tags
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, each in local.alarms : name => each if each.needed && var.alarm_topic_arns != null }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = regex("^(.*)/", each.value.metric)[0]
  metric_name         = regex("[^/]+$", each.value.metric)
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching" # a quiet account has no data
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}
