# Says when the monitor itself is broken, for one that stops silently is worse than none.

locals {
  # A list, whose length is known at plan time even where its ARNs are not.
  alarm_topic_arns = var.alarm_topic_arns == null ? [local.topic_arn] : var.alarm_topic_arns
  has_alarms       = var.alarm_topic_arns == null || length(coalesce(var.alarm_topic_arns, [])) > 0

  frequency_hours = { One_Hour = 1, Three_Hours = 3, Six_Hours = 6, Twelve_Hours = 12, TwentyFour_Hours = 24 }

  # The lines of the logs that are counted, by the name of their metric.
  counted_lines = merge(
    {
      for metric, message in { SweepComplete = "sweep complete", SweepIncomplete = "sweep incomplete" } :
      metric => { log_group_name = aws_cloudwatch_log_group.evaluator.name, message = message } if var.evaluation_frequency != null
    },
    { for group in aws_cloudwatch_log_group.notifier : "DigestIncomplete" => { log_group_name = group.name, message = "digest incomplete" } },
  )

  # Each counts what must not happen at all, except two that report what lasts too long. One of those counts retries of
  # EventBridge in three successive quarters of an hour: an outage has some in each, since 185 attempts in 24 hours are
  # one every eight minutes, and a hiccup has none in the third.
  alarms = merge(
    {
      errors = {
        metric      = ["AWS/Lambda", "Errors"]
        dimensions  = { FunctionName = local.function_name }
        description = "The evaluator fails: instances have an old verdict or none, and an event that fails three times becomes a dead letter. Look first at the lines of level ERROR in the log group ${local.log_group_name}."
      }
      throttles = {
        metric      = ["AWS/Lambda", "Throttles"]
        dimensions  = { FunctionName = local.function_name }
        description = "The evaluator is throttled: verdicts come late, and an event that is throttled for six hours becomes a dead letter. Look first at the account's concurrent executions in ${local.region}, and at what else uses them up."
      }
      lost-dead-letters = {
        metric      = ["AWS/Lambda", "DeadLetterErrors"]
        dimensions  = { FunctionName = local.function_name }
        description = "Events that could not be evaluated can't be kept either, and are lost. Look first at whether the role of ${local.function_name} may still send to ${local.dead_letter_names["evaluations"]}; then evaluate all instances again."
      }
    },
    {
      for metric in local.has_digest ? ["Errors", "Throttles"] : [] : "notifier-${lower(metric)}" => {
        metric      = ["AWS/Lambda", metric]
        dimensions  = { FunctionName = local.notifier_name }
        description = "The notifier could not publish any change of a batch, or was throttled: digests come late, and a change that fails twenty times becomes a dead letter. Look first at the lines of level ERROR in the log group ${local.notifier_log_group_name}."
      }
    },
    {
      # Of the module's own topic only: who made another one watches its deliveries.
      for purpose, queue in local.dead_letter_names : "failed-deliveries" => {
        metric      = ["AWS/SNS", "NumberOfNotificationsFailed"]
        dimensions  = { TopicName = var.name }
        description = "SNS can't deliver notifications: somebody does not learn of instances without a key pair. This counts what SNS gave up, at once where the endpoint or a permission is missing and after six hours for an e-mail, and for HTTPS every failed attempt, retries included. Look first at the subscriptions of the topic ${var.name}; what was given up is in ${queue}."
      } if purpose == "deliveries"
    },
    {
      for purpose, queue in local.dead_letter_names : "lost-deliveries" => {
        metric      = ["AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq"]
        dimensions  = { TopicName = var.name }
        description = "SNS could neither deliver notifications nor keep them: they are lost. Look first at whether the queue ${queue} exists, and at its policy; then announce all instances again, as the README says."
      } if purpose == "deliveries"
    },
    {
      for purpose, letters in local.dead_letters : "dead-${purpose}" => {
        metric      = ["AWS/SQS", "ApproximateNumberOfMessagesVisible"]
        dimensions  = { QueueName = local.dead_letter_names[purpose] }
        description = "${letters.broken} Look first at the messages in the queue ${local.dead_letter_names[purpose]}, which keeps them for 14 days; the README says what to do with them. The alarm ends when the queue is empty."
      }
    },
    {
      for purpose, name in local.event_rule_names : "failed-events-${lower(replace(purpose, "_", "-"))}" => {
        metric      = ["AWS/Events", "FailedInvocations"]
        dimensions  = { RuleName = name }
        description = "EventBridge gave up events that the rule ${name} matches: nobody is notified. This counts an event at once where its target or a permission is missing, and after 24 hours where EventBridge tries again. Look first at the policies of the topic${local.has_digest ? ", its key and the queue ${local.digest_queue_name}" : " and its key"}; the events are in ${local.dead_letter_names["notifications"]}."
      }
    },
    {
      for purpose, name in local.event_rule_names : "delayed-events-${lower(replace(purpose, "_", "-"))}" => {
        metric      = ["AWS/Events", "RetryInvocationAttempts"]
        dimensions  = { RuleName = name }
        description = "EventBridge has retried events that the rule ${name} matches for at least a quarter of an hour: nobody is notified yet, and after 24 hours the events become dead letters. Look first at the AWS Health Dashboard for ${local.region}, and at throttling of SNS${local.has_digest ? " and SQS" : ""}."
      }
    },
    {
      for purpose, name in local.event_rule_names : "lost-events-${lower(replace(purpose, "_", "-"))}" => {
        metric      = ["AWS/Events", "InvocationsFailedToBeSentToDlq"]
        dimensions  = { RuleName = name }
        description = "EventBridge could neither deliver events that the rule ${name} matches nor keep them: they are lost. Look first at whether the queue ${local.dead_letter_names["notifications"]} exists, and at its policy; then announce all instances again, as the README says."
      }
    },
    {
      for _ in var.digest_window_seconds[*] : "digest-delayed" => {
        metric      = ["AWS/SQS", "ApproximateAgeOfOldestMessage"]
        dimensions  = { QueueName = local.digest_queue_name }
        description = "Changes of verdict wait for longer than a window and a failed attempt take: somebody does not learn of instances without a key pair. SQS leaves out changes that were received three times, which the alarms notifier-errors and digest-incomplete count. Look first at the lines of level ERROR in the log group ${local.notifier_log_group_name}; after twenty attempts a change becomes a dead letter."
      }
    },
    {
      for _ in var.digest_window_seconds[*] : "digest-incomplete" => {
        metric      = [var.name, "DigestIncomplete"]
        dimensions  = {}
        description = "The notifier published only a part of a batch: the other changes come late, and after twenty attempts become dead letters. Look first at the lines of level ERROR in the log group ${local.notifier_log_group_name}."
      }
    },
    {
      for _ in var.evaluation_frequency[*] : "sweep-incomplete" => {
        metric      = [var.name, "SweepIncomplete"]
        dimensions  = {}
        description = "A scheduled sweep stopped before its end, or could not read an instance: some instances have an old verdict, and exemptions that have ended may count on. Look first at the line \"sweep incomplete\" in the log group ${local.log_group_name}, which says why and how far it got."
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "broken" {
  for_each = local.has_alarms ? local.alarms : {}

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.metric[0]
  metric_name         = each.value.metric[1]
  dimensions          = each.value.dimensions
  statistic           = each.value.metric[0] == "AWS/SQS" ? "Maximum" : "Sum" # a queue's length or age, or a count of events
  period              = each.value.metric[1] == "RetryInvocationAttempts" ? 900 : 300
  evaluation_periods  = each.value.metric[1] == "RetryInvocationAttempts" ? 3 : 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.key == "digest-delayed" ? local.digest_visibility : 0
  treat_missing_data  = "notBreaching" # a quiet account has no data
  alarm_actions       = local.alarm_topic_arns
  tags                = var.tags
}

# How a sweep and a batch of the digest ended is known only to the functions, and to their logs.
resource "aws_cloudwatch_log_metric_filter" "lines" {
  for_each = local.has_alarms ? local.counted_lines : {}

  name           = "${var.name}-${each.key}"
  log_group_name = each.value.log_group_name
  pattern        = format("{ $.message = %q }", each.value.message)

  metric_transformation {
    namespace     = var.name
    name          = each.key
    value         = "1"
    default_value = "0"
  }
}

# Remembers the hour in which the schedule began: before twice its period has passed since then, no sweep is overdue.
resource "terraform_data" "schedule" {
  for_each = toset(local.has_alarms ? var.evaluation_frequency[*] : [])

  input = formatdate("YYYYMMDDhh", timestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_cloudwatch_metric_alarm" "sweep_overdue" {
  for_each = toset(local.has_alarms ? var.evaluation_frequency[*] : [])

  alarm_name          = "${var.name}-sweep-overdue"
  alarm_description   = "No scheduled sweep has ended in twice its period: exemptions that have ended count on, and verdicts whose event was lost stay wrong. Look first at the end of the log group ${local.log_group_name}, and at whether AWS Config still records and invokes the function."
  evaluation_periods  = 2 * local.frequency_hours[each.key]
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  alarm_actions       = local.alarm_topic_arns

  # Metric math fills in what is missing. Should it give nothing where there never was a data point, then the change to
  # INSUFFICIENT_DATA tells that sweeps have ceased.
  treat_missing_data        = "missing"
  insufficient_data_actions = local.alarm_topic_arns
  tags                      = var.tags

  metric_query {
    id = "complete"

    metric {
      namespace   = var.name
      metric_name = "SweepComplete"
      period      = 3600 # of an hour and more, CloudWatch looks back up to seven days
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "ended"
    label       = "Sweeps ended, hour by hour"
    expression  = "IF(YEAR(complete) * 1000000 + MONTH(complete) * 10000 + DATE(complete) * 100 + HOUR(complete) > ${terraform_data.schedule[each.key].output}, FILL(complete, 0), 1)"
    return_data = true
  }
}

# While the recorder is off, or records no instances, everything here is blind and nothing fails. CloudTrail tells.
resource "aws_cloudwatch_event_rule" "recorder" {
  name        = local.event_rule_names["recorder"]
  description = "The AWS Config recorder was stopped, deleted or changed, and ${var.name} may be blind."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.config"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["config.amazonaws.com"]
      errorCode   = [{ exists = false }]
      eventName = [
        "AssociateResourceTypes",
        "DeleteConfigurationRecorder",
        "DisassociateResourceTypes",
        "PutConfigurationRecorder",
        "StopConfigurationRecorder",
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "recorder" {
  rule      = aws_cloudwatch_event_rule.recorder.name
  target_id = "notifications"
  arn       = local.topic_arn

  input_transformer {
    input_paths = {
      account = "$.account"
      call    = "$.detail.eventName"
      region  = "$.region"
      time    = "$.detail.eventTime"
      who     = "$.detail.userIdentity.arn"
    }

    input_template = <<-JSON
      {
        "what_happened": "<call> was called on AWS Config in <region>: instances launched without a key pair may go unnoticed.",
        "what_to_do": "See whether the recorder is on and records AWS::EC2::Instance: aws configservice describe-configuration-recorder-status and describe-configuration-recorders.",
        "account": <account>,
        "region": <region>,
        "time": <time>,
        "who": <who>,
        "console": "https://${local.console}/config/home?region=${local.region}#/settings"
      }
    JSON
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters["notifications"].arn
  }
}
