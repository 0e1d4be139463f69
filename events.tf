# What the monitor reports: one table of events and an event rule for each. The events go to the monitor's own
# notifications, to the hub of an organization, or to both.

locals {
  # A member of an organization that notifies nobody itself needs no topic and no key.
  has_topic = var.central == null || anytrue([
    length(var.notification_emails) > 0,
    length(var.subscriptions) > 0,
    var.digest_window_seconds != null,
    var.report_schedule != null,
    var.sns_topic != null,
  ])

  # The name of the event rule for each kind of event. Alarms need two rules, because an event pattern can have at most
  # 2,048 characters.
  event_rule_names = {
    for kind in concat(
      tolist(var.notify_on),
      ["recorder"],
      [for each in ["alarms", "notification-alarms"] : each if alltrue([
        var.central != null,
        try(length(var.alarm_topic_arns) > 0, true),
        each == "alarms" || local.has_topic,
      ])],
    ) : kind => "${var.name}-${lower(replace(kind, "_", "-"))}"
  }

  # The kinds of event that a digest collects, if there is one. With chat it collects all kinds, because Amazon Q
  # Developer drops the messages that EventBridge writes.
  digested = concat(tolist(var.notify_on), var.chat ? ["recorder"] : [])

  # Built from names, so that a plan shows every policy in full.
  event_rule_arns = {
    for kind, name in local.event_rule_names :
    kind => "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${name}"
  }

  console_domains = {
    aws-cn     = "console.amazonaws.cn"
    aws-eusc   = "console.amazonaws-eusc.eu"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }
  console_domain = lookup(local.console_domains, local.partition, "console.aws.amazon.com")
  console        = "${local.region}.${local.console_domain}"

  # What each verdict means and what to do, for people.
  verdicts = {
    COMPLIANT = {
      meaning = "it has a key pair that is allowed, or it is exempt"
      to_do   = "Nothing."
    }
    NON_COMPLIANT = {
      meaning = "it was launched without a key pair that is allowed"
      to_do   = "Launch a replacement with an allowed key pair. A key pair cannot be added to this instance."
    }
    NOT_APPLICABLE = {
      meaning = "it was terminated, or is no longer recorded or in scope"
      to_do   = "Nothing."
    }
  }

  recorder_to_do = join(" ", [
    "Check that the recorder is on and records AWS::EC2::Instance:",
    "aws configservice describe-configuration-recorder-status and describe-configuration-recorders.",
  ])

  # The templates are text, so that the fields stay in the order in which a person reads them: jsonencode would sort
  # them and escape the brackets of the placeholders. EventBridge adds quotation marks to a placeholder that is a whole
  # value, and none to a placeholder inside a string. Kinds without a template are only for the hub.
  events = merge(
    {
      for verdict in var.notify_on : verdict => {
        description = "EC2 instances that the AWS Config rule ${var.name} finds ${verdict}."

        pattern = {
          source      = ["aws.config"]
          detail-type = ["Config Rules Compliance Change"]
          detail = {
            messageType         = ["ComplianceChangeNotification"]
            configRuleName      = [var.name]
            resourceType        = ["AWS::EC2::Instance"]
            newEvaluationResult = { complianceType = [verdict] }
          }
        }

        paths = merge(
          {
            account  = "$.detail.awsAccountId"
            instance = "$.detail.resourceId"
            region   = "$.detail.awsRegion"
            rule     = "$.detail.configRuleName"
            time     = "$.detail.newEvaluationResult.resultRecordedTime"
          },
          # AWS Config stores no annotation with NOT_APPLICABLE.
          verdict == "NOT_APPLICABLE" ? {} : { annotation = "$.detail.newEvaluationResult.annotation" },
        )

        template = <<-JSON
          {
            "what_happened": "EC2 instance <instance> is ${verdict}: ${local.verdicts[verdict].meaning}.",
            "what_to_do": "${local.verdicts[verdict].to_do}",
            "verdict": "${verdict}",
            "instance": <instance>,
            "account": <account>,
            "region": <region>,
            "rule": <rule>,
            "time": <time>,%{if verdict != "NOT_APPLICABLE"}
            "annotation": <annotation>,%{endif}
            "console": "https://${local.console}/ec2/home?region=${local.region}#InstanceDetails:instanceId=<instance>",
            "version": "1"
          }
        JSON
      }
    },
    {
      # While the recorder is off, or records no instances, the monitor sees nothing, and no error shows it. So
      # notify the calls that can cause it, which CloudTrail reports.
      recorder = {
        description = "The AWS Config recorder was stopped, deleted or changed, and ${var.name} may be blind."

        pattern = {
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
        }

        paths = {
          account = "$.account"
          call    = "$.detail.eventName"
          region  = "$.region"
          time    = "$.detail.eventTime"
          who     = "$.detail.userIdentity.arn"
        }

        template = <<-JSON
          {
            "what_happened": "<call> was called on AWS Config in <region>: it may no longer record instances.",
            "what_to_do": "${local.recorder_to_do}",
            "account": <account>,
            "region": <region>,
            "time": <time>,
            "who": <who>,
            "console": "https://${local.console}/config/home?region=${local.region}#/settings",
            "version": "1"
          }
        JSON
      }
    },
    # Only for the hub: alarms notify the topics in alarm_topic_arns themselves. The names are exact, because a
    # prefix could also match the alarms of a hub in this account, and the hub would then report to itself forever. The
    # state OK is left out, because each new alarm changes to it.
    {
      for kind, detail in {
        alarms = {
          "$or" = [
            {
              alarmName = concat(
                module.failures.alarm_names,
                var.evaluation_frequency == null ? [] : ["${var.name}-sweep-overdue"],
              )
              state = { value = ["ALARM"] }
            },
            {
              alarmName = ["${var.name}-sweep-overdue"]
              state     = { value = ["INSUFFICIENT_DATA"] }
            },
          ]
        }
        notification-alarms = {
          alarmName = local.has_topic ? module.notifications[0].alarm_names : []
          state     = { value = ["ALARM"] }
        }
        } : kind => {
        description = "Alarms about ${var.name} itself are raised."

        pattern = {
          source      = ["aws.cloudwatch"]
          detail-type = ["CloudWatch Alarm State Change"]
          detail      = detail
        }
      } if contains(keys(local.event_rule_names), kind)
    },
  )

  # The fields of the messages that EventBridge writes: filters of subscriptions can use no others.
  message_fields = [
    for event in local.events : keys(jsondecode(replace(event.template, "/: <[a-z]+>/", ": null")))
    if can(event.template)
  ]
}

resource "aws_cloudwatch_event_rule" "notified" {
  for_each = local.events

  name          = local.event_rule_names[each.key]
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = var.tags
}

# One target, whose ARN changes in place when a digest is switched on or off, so that no event is lost in between.
resource "aws_cloudwatch_event_target" "notifications" {
  for_each = { for kind, event in local.events : kind => event if local.has_topic && can(event.template) }

  rule      = aws_cloudwatch_event_rule.notified[each.key].name
  target_id = "notifications"
  arn = (
    contains(local.digested, each.key) && var.digest_window_seconds != null
    ? module.notifications[0].queue_arn
    : module.notifications[0].topic_arn
  )

  # The function of a digest needs the original event.
  dynamic "input_transformer" {
    for_each = contains(local.digested, each.key) && var.digest_window_seconds != null ? [] : [each.value]

    content {
      input_paths    = input_transformer.value.paths
      input_template = input_transformer.value.template
    }
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.failures.queue_arns["notifications"]
  }

  lifecycle {
    create_before_destroy = true # see terraform_data.destinations
  }
}

module "notifications" {
  count  = local.has_topic ? 1 : 0
  source = "./modules/notifications"

  alarm_topic_arns         = var.alarm_topic_arns
  chat                     = var.chat
  console_domain           = local.console_domain
  digest_window_seconds    = var.digest_window_seconds
  event_rule_arns          = [for kind in local.digested : local.event_rule_arns[kind]]
  kms_key                  = var.kms_key
  log_retention_days       = var.log_retention_days
  message_fields           = flatten(local.message_fields)
  name                     = var.name
  notification_emails      = var.notification_emails
  permissions_boundary_arn = var.permissions_boundary_arn
  report                   = one([for each in var.report_schedule[*] : merge(each, { rule_name = var.name })])
  sns_topic                = var.sns_topic
  subscriptions            = var.subscriptions
  tags                     = var.tags
  verdicts                 = var.notify_on
}

check "somebody_is_notified" {
  assert {
    condition = anytrue([
      var.central != null,
      var.sns_topic != null,
      length(var.notification_emails) + length(var.subscriptions) > 0,
    ])
    error_message = join(" ", [
      "The module knows nobody to notify. Name somebody in notification_emails, such as",
      "[\"security@example.com\"], or in subscriptions, or your own topic in sns_topic.",
    ])
  }
}

# The hub. EventBridge needs a role to send to an event bus in another account.

data "aws_iam_policy_document" "central_trust" {
  count = var.central == null ? 0 : 1

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    # https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = values(local.event_rule_arns)
    }
  }
}

resource "aws_iam_role" "central" {
  count = var.central == null ? 0 : 1

  name                 = "${var.name}-central-${local.region}"
  description          = "Lets the event rules of ${var.name} in ${local.region} send to the hub."
  assume_role_policy   = data.aws_iam_policy_document.central_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "central" {
  count = var.central == null ? 0 : 1

  statement {
    sid       = "SendToHub"
    actions   = ["events:PutEvents"]
    resources = [var.central.event_bus_arn]
  }
}

resource "aws_iam_role_policy" "central" {
  count = var.central == null ? 0 : 1

  name   = "central"
  role   = aws_iam_role.central[0].name
  policy = data.aws_iam_policy_document.central[0].json
}

# Unchanged events: EventBridge cannot transform what it sends to another account.
resource "aws_cloudwatch_event_target" "central" {
  for_each = { for kind, event in local.events : kind => event if var.central != null }

  rule      = aws_cloudwatch_event_rule.notified[each.key].name
  target_id = "central"
  arn       = var.central.event_bus_arn
  role_arn  = aws_iam_role.central[0].arn

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = module.failures.queue_arns["notifications"]
  }

  lifecycle {
    create_before_destroy = true # see terraform_data.destinations
  }

  # The role must be allowed to send before the first event.
  depends_on = [aws_iam_role_policy.central]
}

# When the hub replaces the monitor's own notifications, or they replace the hub, the new targets must exist before the
# old ones are deleted. Otherwise events in between are lost. Terraform delays the deletion of a target until everything
# that depends on it has changed. So this depends on all targets, and changes with each switch.
resource "terraform_data" "destinations" {
  input = { hub = var.central != null, topic = local.has_topic }

  depends_on = [aws_cloudwatch_event_target.central, aws_cloudwatch_event_target.notifications]
}
