# One customer managed key for the topic, the queues and the logs, since EventBridge can't use AWS's own: under
# alias/aws/sns a notification vanishes without an error.

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
  # only where the alarms go to the same topic; a topic of the caller's is under a key of its own.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  statement {
    sid       = "NotificationsAndDeadLetters"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type = "Service"
      identifiers = concat(
        ["events.amazonaws.com"],
        var.sns_topic == null ? ["sns.amazonaws.com"] : [],
        var.sns_topic == null && var.alarm_topic_arns == null ? ["cloudwatch.amazonaws.com"] : [],
      )
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

  description         = "Encrypts the notifications, dead letters and log of ${var.name}."
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key[0].json
  tags                = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.kms_key == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

# The function sends its dead letters itself. A policy of its own, for the key's ARN is known after the apply only.
data "aws_iam_policy_document" "encrypt_dead_letters" {
  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [local.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "encrypt_dead_letters" {
  name   = "encrypt-dead-letters"
  role   = aws_iam_role.evaluator.name
  policy = data.aws_iam_policy_document.encrypt_dead_letters.json
}
