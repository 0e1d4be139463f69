# Every input once. The same root creates a key, a permissions boundary, a topic for alarms and a queue.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "config" {
  service_id = "config"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.config.region # provider 5 and 6 both have it
  place      = "${local.region}:${local.account_id}"
  queue_name = "key-pair-tickets"
}

# The key policy that the services of the module need.
data "aws_iam_policy_document" "key" {
  # checkov:skip=CKV_AWS_109:In a key policy the resource * is the key itself
  # checkov:skip=CKV_AWS_111:In a key policy the resource * is the key itself
  # checkov:skip=CKV_AWS_356:In a key policy the resource * is the key itself
  statement {
    sid       = "Owner"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  # No condition on account or source: KMS gets neither when EventBridge publishes. CloudWatch needs the key for the
  # topic of the alarms (without alarm_topic_arns, for the module's own topic), and SNS for the queue of the tickets.
  statement {
    sid       = "Publishers"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"]
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
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:*:${local.account_id}:log-group:/aws/lambda/key-pairs-*"]
    }
  }
}

resource "aws_kms_key" "this" {
  description         = "Encrypts what the key pair monitor sends and keeps."
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.key.json
}

data "aws_iam_policy_document" "boundary" {
  # checkov:skip=CKV_AWS_109:A boundary grants nothing. It only limits what the role's policies grant
  # checkov:skip=CKV_AWS_111:A boundary grants nothing. It only limits what the role's policies grant
  # checkov:skip=CKV_AWS_356:A boundary grants nothing. It only limits what the role's policies grant
  statement {
    actions   = ["config:*", "logs:*", "sqs:SendMessage"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name_prefix = "ec2-key-pair-monitor-boundary-"
  policy      = data.aws_iam_policy_document.boundary.json
}

# A second channel: a failure of the module's own topic cannot be reported through it.
resource "aws_sns_topic" "on_call" {
  name              = "on-call"
  kms_master_key_id = aws_kms_key.this.arn
}

data "aws_iam_policy_document" "on_call" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.on_call.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "on_call" {
  arn    = aws_sns_topic.on_call.arn
  policy = data.aws_iam_policy_document.on_call.json
}

# The queue for tickets. Its policy allows the module's topic, which has the name of the module.
resource "aws_sqs_queue" "tickets" {
  name              = local.queue_name
  kms_master_key_id = aws_kms_key.this.arn
  policy            = data.aws_iam_policy_document.tickets.json
}

data "aws_iam_policy_document" "tickets" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.place}:${local.queue_name}"]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:sns:${local.place}:key-pairs"]
    }
  }
}

module "ec2_key_pair_monitor" {
  source = "../../"

  name                     = "key-pairs"
  notification_emails      = ["security@example.com", "platform@example.com"]
  notify_on                = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
  alarm_topic_arns         = [aws_sns_topic.on_call.arn]
  log_retention_days       = 731
  kms_key                  = { arn = aws_kms_key.this.arn }
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  tags                     = { team = "security" }

  # A ticket for each verdict that needs action. Raw delivery sends the message without SNS's envelope.
  subscriptions = {
    tickets = {
      protocol             = "sqs"
      endpoint             = aws_sqs_queue.tickets.arn
      raw_message_delivery = true
      filter_policy        = jsonencode({ what_to_do = [{ anything-but = "Nothing." }] })
    }
  }

  # The allowed key pairs, and the exemptions.
  allowed_key_names = ["ops-*", "break glass"]
  exempt_tags = {
    "aws:autoscaling:groupName" = "build-agents-*"
    "karpenter.sh/nodepool"     = "*"
    "Cost Center"               = "load test *"
  }
  exempt_until_tag_key = "key-pair-exempt-until"

  # A sweep ends exemptions on their day, and corrects verdicts whose events were lost.
  evaluation_frequency = "TwentyFour_Hours"

  # These inputs change how others work. Each has its own example.
  central               = null  # examples/organization
  chat                  = false # examples/chat
  config_recorder_name  = null  # examples/new-account
  digest_window_seconds = null  # examples/digest
  report_schedule       = null  # examples/dashboard
  sns_topic             = null  # examples/existing-topic
}
