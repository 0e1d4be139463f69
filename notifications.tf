locals {
  # In the order in which a person reads. jsonencode would sort the fields and escape the placeholders' brackets.
  sentences = {
    COMPLIANT = {
      what_happened = "EC2 instance <instance> is COMPLIANT: it has a key pair that is allowed, or it is exempt."
      what_to_do    = "Nothing."
    }
    NON_COMPLIANT = {
      what_happened = "EC2 instance <instance> is NON_COMPLIANT: it was launched without a key pair that is allowed."
      what_to_do    = "Replace the instance by one that is launched with an allowed key pair, for none can be assigned later."
    }
    NOT_APPLICABLE = {
      what_happened = "EC2 instance <instance> is NOT_APPLICABLE: it was terminated, or is no longer recorded or in scope."
      what_to_do    = "Nothing."
    }
  }

  console_domains = { aws-cn = "console.amazonaws.cn", aws-eusc = "console.amazonaws-eusc.eu", aws-us-gov = "console.amazonaws-us-gov.com" }
  console         = "${local.region}.${lookup(local.console_domains, local.partition, "console.aws.amazon.com")}"

  event_rule_names = merge(
    { for state in var.notify_on : state => "${var.name}-${lower(replace(state, "_", "-"))}" },
    { recorder = "${var.name}-recorder" },
  )
  topic_arn = var.sns_topic == null ? aws_sns_topic.notifications[0].arn : var.sns_topic.arn
  # ARNs from names, so that a plan shows every policy as it will be.
  own_topic_arn = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.name}"

  # What can't be delivered is kept by whoever has the subscriptions.
  dead_letter_purposes = concat(var.sns_topic == null ? ["deliveries"] : [], local.has_digest ? ["digests"] : [], ["evaluations", "notifications"])
  dead_letter_names    = { for purpose in local.dead_letter_purposes : purpose => "${var.name}-dead-${purpose}" }
  dead_letter_arns     = { for purpose, name in local.dead_letter_names : purpose => "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${name}" }

  # Who puts what into each queue of dead letters. Lambda writes with the function's role and needs no policy.
  dead_letters = { for purpose, letters in {
    deliveries = {
      service     = "sns.amazonaws.com"
      source_arns = [local.own_topic_arn]
      broken      = "Notifications could not be delivered to a subscriber."
    }
    # From queue to queue SQS moves messages by itself.
    digests = {
      service     = "sqs.amazonaws.com"
      source_arns = []
      broken      = "Changes of verdict could not be told of in a digest: nobody was notified."
    }
    evaluations = {
      service     = "lambda.amazonaws.com"
      source_arns = []
      broken      = "Changes of instances could not be evaluated: the instances have an old verdict or none."
    }
    notifications = {
      service     = "events.amazonaws.com"
      source_arns = [for name in values(local.event_rule_names) : "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${name}"]
      broken      = "Changes of verdict could not be handed on by EventBridge: nobody was notified."
    }
  } : purpose => letters if contains(local.dead_letter_purposes, purpose) }

  # What SNS takes as the endpoint of each protocol, as far as a standard topic and encryption on the way allow it.
  endpoint_patterns = {
    email  = "^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$"
    https  = "^https://[^\\s/]+(/\\S*)?$"
    lambda = "^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$"
    sms    = "^\\+[1-9][0-9]{1,14}$"
    sqs    = "^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$"
  }
}

# 4. The compliance change

# One rule for each verdict, since each has its own words.
resource "aws_cloudwatch_event_rule" "compliance_change" {
  for_each = var.notify_on

  name        = local.event_rule_names[each.key]
  description = "EC2 instances that the AWS Config rule ${var.name} finds ${each.key}."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.config"]
    detail-type = ["Config Rules Compliance Change"]
    detail = {
      messageType         = ["ComplianceChangeNotification"]
      configRuleName      = [var.name]
      resourceType        = ["AWS::EC2::Instance"]
      newEvaluationResult = { complianceType = [each.key] }
    }
  })
}

resource "aws_cloudwatch_event_target" "notifications" {
  for_each = var.notify_on

  rule      = aws_cloudwatch_event_rule.compliance_change[each.key].name
  target_id = "notifications"
  arn       = local.has_digest ? aws_sqs_queue.digest[0].arn : local.topic_arn

  # A digest is worded by its function, from the event as it is.
  dynamic "input_transformer" {
    for_each = local.has_digest ? [] : [local.sentences[each.key]]

    content {
      input_paths = merge(
        {
          account  = "$.detail.awsAccountId"
          instance = "$.detail.resourceId"
          region   = "$.detail.awsRegion"
          rule     = "$.detail.configRuleName"
          time     = "$.detail.newEvaluationResult.resultRecordedTime"
        },
        each.key == "NOT_APPLICABLE" ? {} : { annotation = "$.detail.newEvaluationResult.annotation" },
      )

      # A placeholder in a value's place becomes a JSON string with its quotes; one inside quotes becomes plain text.
      input_template = <<-JSON
        {
          "what_happened": "${input_transformer.value.what_happened}",
          "what_to_do": "${input_transformer.value.what_to_do}",
          "instance": <instance>,
          "account": <account>,
          "region": <region>,
          "rule": <rule>,
          "time": <time>,%{if each.key != "NOT_APPLICABLE"}
          "annotation": <annotation>,%{endif}
          "console": "https://${local.console}/ec2/home?region=${local.region}#InstanceDetails:instanceId=<instance>"
        }
      JSON
    }
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters["notifications"].arn
  }
}

# 5. The topic and its subscribers

resource "aws_sns_topic" "notifications" {
  count = var.sns_topic == null ? 1 : 0

  name              = var.name
  display_name      = var.name
  kms_master_key_id = local.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "notifications" {
  count = var.sns_topic == null ? 1 : 0

  # Setting a policy replaces the one by which the account's own IAM policies count.
  statement {
    sid = "Owner"
    actions = [
      "sns:AddPermission",
      "sns:DeleteTopic",
      "sns:GetTopicAttributes",
      "sns:ListSubscriptionsByTopic",
      "sns:Publish",
      "sns:RemovePermission",
      "sns:SetTopicAttributes",
      "sns:Subscribe",
    ]
    resources = [local.own_topic_arn]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # Without a condition, for with one that EventBridge does not fulfil every notification would vanish. AWS contradicts
  # itself: eb-use-resource-based.html says that EventBridge supports no Condition in the policy of a topic,
  # eb-troubleshooting.html lists condition keys. SECURITY.md says what another account could do then.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
  statement {
    sid       = "EventBridge"
    actions   = ["sns:Publish"]
    resources = [local.own_topic_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = var.alarm_topic_arns == null ? ["alarms"] : []

    content {
      sid       = "CloudWatch"
      actions   = ["sns:Publish"]
      resources = [local.own_topic_arn]

      principals {
        type        = "Service"
        identifiers = ["cloudwatch.amazonaws.com"]
      }

      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account_id}:alarm:${var.name}-*"]
      }
    }
  }
}

resource "aws_sns_topic_policy" "notifications" {
  count = var.sns_topic == null ? 1 : 0

  arn    = aws_sns_topic.notifications[0].arn
  policy = data.aws_iam_policy_document.notifications[0].json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.notification_emails

  topic_arn      = local.topic_arn
  protocol       = "email"
  endpoint       = each.key
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters["deliveries"].arn })
}

resource "aws_sns_topic_subscription" "others" {
  for_each = var.subscriptions

  topic_arn            = local.topic_arn
  protocol             = each.value.protocol
  endpoint             = each.value.endpoint
  raw_message_delivery = each.value.raw_message_delivery
  filter_policy        = each.value.filter_policy
  filter_policy_scope  = each.value.filter_policy == null ? null : each.value.filter_policy_scope
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters["deliveries"].arn })
}

# 6. What could not be evaluated, notified or delivered

data "aws_iam_policy_document" "dead_letters" {
  for_each = local.dead_letters

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.dead_letter_arns[each.key]]

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
    for_each = length(each.value.source_arns) > 0 ? [each.value] : []

    content {
      sid       = "KeepDeadLetters"
      actions   = ["sqs:SendMessage"]
      resources = [local.dead_letter_arns[each.key]]

      principals {
        type        = "Service"
        identifiers = [statement.value.service]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value.source_arns
      }
    }
  }
}

# The policy stands on the queue itself, its ARNs built from names: apart, each would cost a wait of its own.
resource "aws_sqs_queue" "dead_letters" {
  for_each = local.dead_letters

  name                      = local.dead_letter_names[each.key]
  message_retention_seconds = 1209600 # 14 days, the most there is
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.dead_letters[each.key].json
  tags                      = var.tags
}
