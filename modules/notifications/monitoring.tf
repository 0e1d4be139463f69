# Alarms and dead-letter queues for everything between an event and a subscriber.

locals {
  # The length is known at plan time, even if the ARNs are not. Null creates no alarms.
  alarm_topic_arns = (
    var.alarm_topic_arns == null ? [coalesce(one(aws_sns_topic.this[*].arn), local.topic_arn)] :
    length(var.alarm_topic_arns) > 0 ? var.alarm_topic_arns : null
  )
}

module "failures" {
  source = "../failures"

  name             = var.name
  alarm_topic_arns = local.alarm_topic_arns
  tags             = var.tags

  dead_letters = {
    # Dead-letter queues belong to subscriptions, and the module creates none for your own topic.
    deliveries = {
      needed = var.sns_topic == null
      broken = "Notifications could not be delivered to a subscriber."
      sender = { service = "sns.amazonaws.com", arns = [local.topic_arn] }
    }
    # SQS moves messages between queues without a policy.
    digests = {
      needed = var.digest_window_seconds != null
      broken = "Events could not be described in a digest: nobody was notified."
    }
    # EventBridge Scheduler and Lambda send with their roles and need no policy.
    reports = {
      needed = var.report != null
      broken = "A scheduled report was not published: nobody was told what is open."
    }
  }

  alarms = {
    digest-delayed = {
      needed     = var.digest_window_seconds != null
      metric     = "AWS/SQS/ApproximateAgeOfOldestMessage"
      dimensions = { QueueName = "${var.name}-digest" }
      statistic  = "Maximum"
      threshold  = one(aws_sqs_queue.digest[*].visibility_timeout_seconds)
      description = join(" ", [
        "Events wait for longer than a window and a failed attempt take: somebody is not notified of instances",
        "without a key pair. SQS leaves out events that were received three times, which the alarms",
        "notifier-errors and digest-incomplete count. First look at the lines of level ERROR in the log group",
        "/aws/lambda/${var.name}-notifier; after twenty attempts an event becomes a dead letter.",
      ])
    }
    digest-incomplete = {
      needed     = var.digest_window_seconds != null
      metric     = "${var.name}/DigestIncomplete"
      dimensions = {}
      description = join(" ", [
        "The notifier published only a part of a batch: the other events come late, and after twenty attempts",
        "become dead letters. First look at the lines of level ERROR in the log group",
        "/aws/lambda/${var.name}-notifier.",
      ])
    }
    dropped-reports = {
      needed     = var.report != null
      metric     = "AWS/Scheduler/InvocationDroppedCount"
      dimensions = { ScheduleGroup = "${var.name}-reports" }
      description = join(" ", [
        "EventBridge Scheduler could not start a report and gave up: nobody is told what is open. First look",
        "at the policies of the role ${var.name}-scheduler-${local.region}, and at the messages in the queue",
        "${var.name}-dead-reports.",
      ])
    }
    failed-deliveries = {
      needed     = var.sns_topic == null
      metric     = "AWS/SNS/NumberOfNotificationsFailed"
      dimensions = { TopicName = var.name }
      description = join(" ", [
        "SNS cannot deliver notifications: somebody is not notified of instances without a key pair. A delivery",
        "counts immediately if the endpoint or a permission is missing, after six hours for an e-mail, and at",
        "every failed attempt for HTTPS. First look at the subscriptions",
        "of the topic ${var.name}. The queue ${var.name}-dead-deliveries keeps what was not delivered.",
      ])
    }
    lost-deliveries = {
      needed     = var.sns_topic == null
      metric     = "AWS/SNS/NumberOfNotificationsFailedToRedriveToDlq"
      dimensions = { TopicName = var.name }
      description = join(" ", [
        "SNS could neither deliver notifications nor keep them: they are lost. First look at whether the queue",
        "${var.name}-dead-deliveries exists, and at its policy; then notify again, as docs/operations.md says.",
      ])
    }
    notifier-errors = {
      needed     = var.digest_window_seconds != null
      metric     = "AWS/Lambda/Errors"
      dimensions = { FunctionName = "${var.name}-notifier" }
      description = join(" ", [
        "The notifier could not publish any event of a batch: digests come late, and an event that fails",
        "twenty times becomes a dead letter. First look at the lines of level ERROR in the log group",
        "/aws/lambda/${var.name}-notifier.",
      ])
    }
    notifier-throttles = {
      needed     = var.digest_window_seconds != null
      metric     = "AWS/Lambda/Throttles"
      dimensions = { FunctionName = "${var.name}-notifier" }
      description = join(" ", [
        "The notifier is throttled: digests come late. First look at the account's concurrent executions in",
        "${local.region}, and at what else uses them up.",
      ])
    }
    report-incomplete = {
      needed     = var.report != null
      metric     = "${var.name}/ReportIncomplete"
      dimensions = {}
      description = join(" ", [
        "A report was published, but it lacks something, such as launch times or accounts and regions of an",
        "aggregator, or the next report will repeat what is new. First look at the lines of level ERROR in the",
        "log group /aws/lambda/${var.name}-reporter.",
      ])
    }
    reporter-errors = {
      needed     = var.report != null
      metric     = "AWS/Lambda/Errors"
      dimensions = { FunctionName = "${var.name}-reporter" }
      description = join(" ", [
        "The reporter fails: the report comes late, and after three attempts becomes a dead letter. First look at the",
        "lines of level ERROR in the log group /aws/lambda/${var.name}-reporter.",
      ])
    }
  }
}

# Lambda counts an incomplete report as a success.
resource "aws_cloudwatch_log_metric_filter" "incomplete_reports" {
  count = var.report != null && local.alarm_topic_arns != null ? 1 : 0

  name           = "${var.name}-ReportIncomplete"
  log_group_name = aws_cloudwatch_log_group.reporter[0].name
  pattern        = "{ $.message = \"report incomplete\" }"

  metric_transformation {
    namespace     = var.name
    name          = "ReportIncomplete"
    value         = "1"
    default_value = "0"
  }
}

# The module does not use this metric. It is for your own alarms and dashboards.
resource "aws_cloudwatch_log_metric_filter" "reported_instances" {
  count = var.report != null ? 1 : 0

  name           = "${var.name}-ReportedOpenInstances"
  log_group_name = aws_cloudwatch_log_group.reporter[0].name
  pattern        = "{ $.message = \"reported\" }"

  metric_transformation {
    namespace = var.name
    name      = "OpenInstances"
    value     = "$.open"
  }
}

# Lambda counts a partly published batch as a success. Only the function's log shows it.
resource "aws_cloudwatch_log_metric_filter" "incomplete_digests" {
  count = var.digest_window_seconds != null && local.alarm_topic_arns != null ? 1 : 0

  name           = "${var.name}-DigestIncomplete"
  log_group_name = aws_cloudwatch_log_group.notifier[0].name
  pattern        = "{ $.message = \"digest incomplete\" }"

  metric_transformation {
    namespace     = var.name
    name          = "DigestIncomplete"
    value         = "1"
    default_value = "0"
  }
}
