# The alarms about the monitor itself: a table, and the alarm for an overdue sweep, which needs its own resource.

locals {
  has_alarms = var.alarm_topic_arns == null || length(coalesce(var.alarm_topic_arns, [])) > 0

  # Without a topic and without alarm_topic_arns, alarms only change state, and EventBridge tells the hub. Null creates
  # no alarms.
  alarm_topic_arns = (
    local.has_topic ? module.notifications[0].alarm_topic_arns :
    var.alarm_topic_arns == null ? [] : local.has_alarms ? var.alarm_topic_arns : null
  )

  frequency_hours = { One_Hour = 1, Three_Hours = 3, Six_Hours = 6, Twelve_Hours = 12, TwentyFour_Hours = 24 }
}

module "failures" {
  source = "./modules/failures"

  name             = var.name
  alarm_topic_arns = local.alarm_topic_arns
  tags             = var.tags

  dead_letters = {
    # Lambda sends with the function's role and needs no policy.
    evaluations = {
      broken = "Changes of instances could not be evaluated: the instances have an old verdict or none."
    }
    notifications = {
      broken = "EventBridge could not deliver events: nobody was notified."
      sender = { service = "events.amazonaws.com", arns = values(local.event_rule_arns) }
    }
  }

  alarms = merge(
    {
      evaluator-errors = {
        metric     = "AWS/Lambda/Errors"
        dimensions = { FunctionName = local.evaluator_name }
        description = join(" ", [
          "The evaluator fails: instances have an old verdict or none, and an event that fails three times",
          "becomes a dead letter. First look at the lines of level ERROR in the log group",
          "${local.evaluator_log_group}.",
        ])
      }
      evaluator-throttles = {
        metric     = "AWS/Lambda/Throttles"
        dimensions = { FunctionName = local.evaluator_name }
        description = join(" ", [
          "The evaluator is throttled: verdicts come late, and an event that is throttled for six hours becomes",
          "a dead letter. First look at the account's concurrent executions in ${local.region}, and at what",
          "else uses them up.",
        ])
      }
      lost-dead-letters = {
        metric     = "AWS/Lambda/DeadLetterErrors"
        dimensions = { FunctionName = local.evaluator_name }
        description = join(" ", [
          "Events could not be evaluated, nor sent to the dead-letter queue: they are lost. First look at whether the",
          "role of ${local.evaluator_name} may still send to ${var.name}-dead-evaluations; then evaluate all",
          "instances again.",
        ])
      }
      sweep-incomplete = {
        needed     = var.evaluation_frequency != null
        metric     = "${var.name}/SweepIncomplete"
        dimensions = {}
        description = join(" ", [
          "A scheduled sweep stopped before its end, or could not read an instance: some instances have an old",
          "verdict, and exemptions that have ended may still count. First look at the line \"sweep incomplete\"",
          "in the log group ${local.evaluator_log_group}, which says why and how far it got.",
        ])
      }
    },
    {
      for kind, arn in local.event_rule_arns : "failed-events-${lower(replace(kind, "_", "-"))}" => {
        metric     = "AWS/Events/FailedInvocations"
        dimensions = { RuleName = basename(arn) }
        description = join(" ", [
          "EventBridge gave up on events that match the rule ${basename(arn)}: nobody is notified. An event counts",
          "immediately if its target or a permission is missing, and after 24 hours if EventBridge retries it.",
          "First look at the policies of the topic, its key and, with a digest, the queue",
          "${var.name}-digest, and at the messages in the queue ${var.name}-dead-notifications.",
        ])
      }
    },
    # In an outage, EventBridge retries about every eight minutes (185 attempts in 24 hours), so each quarter of an hour
    # has retries. After a short disturbance the third quarter has none.
    {
      for kind, arn in local.event_rule_arns : "delayed-events-${lower(replace(kind, "_", "-"))}" => {
        metric     = "AWS/Events/RetryInvocationAttempts"
        dimensions = { RuleName = basename(arn) }
        period     = 900
        periods    = 3
        description = join(" ", [
          "EventBridge has retried events that match the rule ${basename(arn)} for at least a quarter of an",
          "hour: nobody is notified yet, and after 24 hours the events become dead letters. First look at the",
          "AWS Health Dashboard for ${local.region}, and at throttling of SNS and, with a digest, SQS.",
        ])
      }
    },
    {
      for kind, arn in local.event_rule_arns : "lost-events-${lower(replace(kind, "_", "-"))}" => {
        metric     = "AWS/Events/InvocationsFailedToBeSentToDlq"
        dimensions = { RuleName = basename(arn) }
        description = join(" ", [
          "EventBridge could neither deliver events that match the rule ${basename(arn)} nor keep them: they are",
          "lost. First look at whether the queue ${var.name}-dead-notifications exists, and at its policy; then",
          "notify again, as docs/operations.md says.",
        ])
      }
    },
  )
}

# Only the function's log shows when a sweep ends.
resource "aws_cloudwatch_log_metric_filter" "sweeps" {
  for_each = {
    for name, message in { SweepComplete = "sweep complete", SweepIncomplete = "sweep incomplete" } : name => message
    if local.has_alarms && var.evaluation_frequency != null
  }

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.evaluator.name
  pattern        = format("{ $.message = %q }", each.value)

  metric_transformation {
    namespace     = var.name
    name          = each.key
    value         = "1"
    default_value = "0"
  }
}

# The module does not use this metric. It is for your own alarms and dashboards.
resource "aws_cloudwatch_log_metric_filter" "swept_instances" {
  count = var.evaluation_frequency == null ? 0 : 1

  name           = "${var.name}-SweptOpenInstances"
  log_group_name = aws_cloudwatch_log_group.evaluator.name
  pattern        = "{ $.message = \"sweep complete\" }"

  metric_transformation {
    namespace = var.name
    name      = "OpenInstances"
    value     = "$.open"
  }
}

# Remembers the hour in which the schedule began: no sweep is overdue until twice the schedule's period has passed.
resource "terraform_data" "schedule" {
  for_each = toset(local.has_alarms ? var.evaluation_frequency[*] : [])

  input = formatdate("YYYYMMDDhh", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_cloudwatch_metric_alarm" "sweep_overdue" {
  for_each = toset(local.has_alarms ? var.evaluation_frequency[*] : [])

  alarm_name = "${var.name}-sweep-overdue"
  alarm_description = join(" ", [
    "No scheduled sweep has ended in twice its period: exemptions that have ended still count, and",
    "verdicts whose event was lost stay wrong. First look at the end of the log group",
    "${local.evaluator_log_group}, and at whether AWS Config still records and invokes the function.",
  ])
  evaluation_periods  = 2 * local.frequency_hours[each.key]
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  alarm_actions       = local.alarm_topic_arns

  # Metric math fills gaps, but returns nothing if there was never a data point. Then the change to INSUFFICIENT_DATA
  # reports that sweeps have stopped.
  treat_missing_data        = "missing"
  insufficient_data_actions = local.alarm_topic_arns
  tags                      = var.tags

  metric_query {
    id = "complete"

    metric {
      namespace   = var.name
      metric_name = "SweepComplete"
      period      = 3600 # with periods of one hour or more, an alarm can look back up to seven days
      stat        = "Sum"
    }
  }

  metric_query {
    id    = "ended"
    label = "Sweeps ended, hour by hour"
    expression = format(
      "IF(%s > %s, FILL(complete, 0), 1)",
      "YEAR(complete) * 1000000 + MONTH(complete) * 10000 + DATE(complete) * 100 + HOUR(complete)",
      terraform_data.schedule[each.key].output,
    )
    return_data = true
  }
}
