# The topic. None of this exists with your own topic.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Only for the region's name: the attributes of aws_region that hold it are missing in provider 5 or deprecated in 6.
data "aws_service" "sns" {
  service_id = "sns"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.sns.region

  # Known at plan time, so that a plan shows every policy in full. Publishers use the resource's ARN, to wait for it.
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

  # When your own topic replaces this one, the event rules must change to yours before this one is deleted.
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

  # A policy replaces the default policy, which lets the account's own principals use the topic.
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

  # No condition: if EventBridge does not fulfil it, every notification is lost. AWS's pages contradict each other:
  # eb-use-resource-based.html says that EventBridge supports no Condition in the policy of a topic, but
  # eb-troubleshooting.html lists condition keys. SECURITY.md says what another account could do without a condition.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
  dynamic "statement" {
    for_each = var.only_digests ? [] : ["EventBridge"]

    content {
      sid       = statement.value
      actions   = ["sns:Publish"]
      resources = [local.topic_arn]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }
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
    create_before_destroy = true # like the topic
  }
}
