# What the monitor reports: one table of events, an event rule for each, and where they go.

locals {
  console_domains = {
    aws-cn     = "console.amazonaws.cn"
    aws-eusc   = "console.amazonaws-eusc.eu"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }
  console_domain = lookup(local.console_domains, local.partition, "console.aws.amazon.com")
  console        = "${local.region}.${local.console_domain}"

  # In words for people, by the result that is notified.
  results = {
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

  # The templates state the fields in the order in which a person reads; jsonencode would sort them and escape the
  # brackets of the placeholders. A placeholder in a value's place becomes JSON with its quotes, one inside quotes
  # becomes text.
  events = merge(
    {
      for result in var.notify_on : result => {
        name        = "${var.name}-${lower(replace(result, "_", "-"))}"
        description = "EC2 instances that the AWS Config rule ${var.name} finds ${result}."
        digested    = true

        pattern = {
          source      = ["aws.config"]
          detail-type = ["Config Rules Compliance Change"]
          detail = {
            messageType         = ["ComplianceChangeNotification"]
            configRuleName      = [var.name]
            resourceType        = ["AWS::EC2::Instance"]
            newEvaluationResult = { complianceType = [result] }
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
          # AWS Config keeps no annotation of what is not applicable.
          result == "NOT_APPLICABLE" ? {} : { annotation = "$.detail.newEvaluationResult.annotation" },
        )

        template = <<-JSON
          {
            "what_happened": "EC2 instance <instance> is ${result}: ${local.results[result].meaning}.",
            "what_to_do": "${local.results[result].to_do}",
            "verdict": "${result}",
            "instance": <instance>,
            "account": <account>,
            "region": <region>,
            "rule": <rule>,
            "time": <time>,%{if result != "NOT_APPLICABLE"}
            "annotation": <annotation>,%{endif}
            "console": "https://${local.console}/ec2/home?region=${local.region}#InstanceDetails:instanceId=<instance>",
            "version": "1"
          }
        JSON
      }
    },
    {
      # While the recorder is off, or records no instances, the monitor is blind and nothing fails. CloudTrail reports
      # it.
      recorder = {
        name        = "${var.name}-recorder"
        description = "The AWS Config recorder was stopped, deleted or changed, and ${var.name} may be blind."
        digested    = var.chat # Amazon Q Developer drops what EventBridge words

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
  )

  message_fields = [
    for event in local.events : keys(jsondecode(replace(event.template, "/: <[a-z]+>/", ": null")))
  ]

  is_digested = { for kind, event in local.events : kind => event.digested && var.digest_window_seconds != null }

  # Built from names, so that a plan shows every policy in full.
  event_rule_arns = {
    for kind, event in local.events :
    kind => "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${event.name}"
  }
}

resource "aws_cloudwatch_event_rule" "notified" {
  for_each = local.events

  name          = each.value.name
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = var.tags
}

# One target, whose ARN changes in place when a digest is switched on or off: no event falls between two targets.
resource "aws_cloudwatch_event_target" "notifications" {
  for_each = local.events

  rule      = aws_cloudwatch_event_rule.notified[each.key].name
  target_id = "notifications"
  arn       = local.is_digested[each.key] ? module.notifications.queue_arn : module.notifications.topic_arn

  # A digest is worded by its function, from the event as it is.
  dynamic "input_transformer" {
    for_each = local.is_digested[each.key] ? [] : [each.value]

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
}

module "notifications" {
  source = "./modules/notifications"

  alarm_topic_arns         = var.alarm_topic_arns
  chat                     = var.chat
  console_domain           = local.console_domain
  digest_window_seconds    = var.digest_window_seconds
  event_rule_arns          = [for kind, event in local.events : local.event_rule_arns[kind] if event.digested]
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
    condition = var.sns_topic != null || length(var.notification_emails) + length(var.subscriptions) > 0
    error_message = join(" ", [
      "The module knows nobody to notify. Name somebody in notification_emails, such as",
      "[\"security@example.com\"], or in subscriptions, or your own topic in sns_topic.",
    ])
  }
}
