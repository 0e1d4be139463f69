# The topic. With a topic of the caller's, none of this exists.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# For the region's name: aws_region has it under names that provider 5 lacks or provider 6 deprecates.
data "aws_service" "sns" {
  service_id = "sns"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.sns.region

  # Known at plan time, so that a plan shows every policy in full. Whoever publishes takes the resource's own ARN.
  topic_arn = coalesce(
    one(var.sns_topic[*].arn),
    "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.name}",
  )
}

resource "aws_sns_topic" "this" {
  count = var.sns_topic == null ? 1 : 0

  name              = var.name
  display_name      = var.name
  kms_master_key_id = one(concat(aws_kms_key.topic[*].arn, var.kms_key[*].arn))
  tags              = var.tags

  # When a topic of the caller's takes its place, the event rules must have moved there before this one is gone.
  lifecycle {
    create_before_destroy = true

    precondition {
      condition = !contains(coalesce(var.alarm_topic_arns, []), local.topic_arn)
      error_message = join(" ", [
        "alarm_topic_arns must not name the module's own topic, which admits alarms only if alarm_topic_arns is null.",
        "Leave it out, or name another topic, such as [\"${local.topic_arn}-alarms\"].",
      ])
    }
  }
}

data "aws_iam_policy_document" "topic" {
  count = var.sns_topic == null ? 1 : 0

  # Setting a policy replaces the default one, by which the account's own IAM policies count.
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
    resources = [local.topic_arn]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # Without a condition: should EventBridge not fulfil one, every notification would be lost. AWS contradicts itself:
  # eb-use-resource-based.html says that EventBridge supports no Condition in the policy of a topic, and
  # eb-troubleshooting.html lists condition keys. SECURITY.md says what another account could do then.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
  statement {
    sid       = "EventBridge"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

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
      resources = [local.topic_arn]

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

resource "aws_sns_topic_policy" "this" {
  count = var.sns_topic == null ? 1 : 0

  arn    = aws_sns_topic.this[0].arn
  policy = data.aws_iam_policy_document.topic[0].json

  lifecycle {
    create_before_destroy = true # as the topic
  }
}
