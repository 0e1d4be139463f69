# The key of the module's own topic. EventBridge cannot use the key that AWS manages (alias/aws/sns): notifications
# would be lost silently. This key encrypts nothing else, so that no change of inputs makes stored data unreadable.

locals {
  has_key = var.kms_key == null && var.sns_topic == null

  # The services that may publish to the topic. Its policy allows the same.
  publishers = concat(
    var.only_digests ? [] : ["events.amazonaws.com"],
    var.alarm_topic_arns == null ? ["cloudwatch.amazonaws.com"] : [],
  )
}

data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109:In a key policy the resource * is the key itself
  # checkov:skip=CKV_AWS_111:In a key policy the resource * is the key itself
  # checkov:skip=CKV_AWS_356:In a key policy the resource * is the key itself
  count = local.has_key ? 1 : 0

  statement {
    sid       = "Owner"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # No condition: KMS gets neither the account nor the source when EventBridge publishes to a topic.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  dynamic "statement" {
    for_each = length(local.publishers) > 0 ? ["Publishers"] : []

    content {
      sid       = statement.value
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = local.publishers
      }
    }
  }
}

resource "aws_kms_key" "topic" {
  count = local.has_key ? 1 : 0

  description         = "Encrypts the notifications of ${var.name}."
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key[0].json
  tags                = var.tags
}

resource "aws_kms_alias" "topic" {
  count = local.has_key ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.topic[0].key_id
}
