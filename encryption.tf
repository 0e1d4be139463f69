# One customer managed key for the topic and the logs, because EventBridge can't use the key that AWS manages,
# alias/aws/sns. The queues don't use it. SQS encrypts them itself, so that what they keep survives a key that was broken.

locals {
  kms_key_arn = var.kms_key == null ? aws_kms_key.this[0].arn : var.kms_key.arn
}

data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109:In a key policy the resource * is the key itself
  # checkov:skip=CKV_AWS_111:In a key policy the resource * is the key itself
  # checkov:skip=CKV_AWS_356:In a key policy the resource * is the key itself
  count = var.kms_key == null ? 1 : 0

  statement {
    sid       = "Owner"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # Without a condition: KMS sees neither account nor source when EventBridge publishes to a topic. CloudWatch publishes
  # only where the alarms go to the same topic. A topic of the caller's has a key of its own.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  dynamic "statement" {
    for_each = var.sns_topic == null ? ["topic"] : []

    content {
      sid       = "Publishers"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = concat(["events.amazonaws.com"], var.alarm_topic_arns == null ? ["cloudwatch.amazonaws.com"] : [])
      }
    }
  }

  statement {
    sid       = "Log"
    actions   = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = concat([local.log_group_arn], local.has_digest ? [local.notifier_log_group_arn] : [])
    }
  }
}

resource "aws_kms_key" "this" {
  count = var.kms_key == null ? 1 : 0

  description         = "Encrypts the notifications and logs of ${var.name}."
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key[0].json
  tags                = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.kms_key == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}
