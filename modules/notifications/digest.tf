# The digest collects events and describes them in one readable notification. It is a queue that event rules send to,
# and a function that describes the events of a window. None of it exists without digest_window_seconds.

locals {
  has_digest = var.digest_window_seconds != null

  digest_queue_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.name}-digest"

  # A message is hidden while its window is open and while the function works on it. AWS recommends six times the
  # function's time-out: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  notifier_timeout  = 60
  digest_visibility = 6 * local.notifier_timeout + coalesce(var.digest_window_seconds, 0)

  notifier_name      = "${var.name}-notifier"
  notifier_log_group = "/aws/lambda/${local.notifier_name}"
}

# The queue

data "aws_iam_policy_document" "digest" {
  count = local.has_digest ? 1 : 0

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.digest_queue_arn]

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

  statement {
    sid       = "Collect"
    actions   = ["sqs:SendMessage"]
    resources = [local.digest_queue_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = var.event_rule_arns
    }
  }
}

resource "aws_sqs_queue" "digest" {
  count = local.has_digest ? 1 : 0

  name                       = "${var.name}-digest"
  message_retention_seconds  = 1209600 # 14 days, the maximum
  visibility_timeout_seconds = local.digest_visibility
  sqs_managed_sse_enabled    = true
  policy                     = data.aws_iam_policy_document.digest[0].json
  tags                       = var.tags

  # Twenty attempts take more than two hours, so that events survive an outage of SNS and throttling of the function.
  redrive_policy = jsonencode({ deadLetterTargetArn = module.failures.queue_arns["digests"], maxReceiveCount = 20 })

  # When the digest is switched off, the event rules must have another target before the queue is deleted.
  lifecycle {
    create_before_destroy = true
  }
}

# The notifier

# The report uses the same package.
data "archive_file" "notifier" {
  count = local.has_digest || var.report != null ? 1 : 0

  type        = "zip"
  output_path = "${path.module}/../../build/${var.name}-${local.account_id}-${local.region}-notifier.zip"

  # The names of accounts are in the package, because a function's environment holds only 4 KB.
  dynamic "source" {
    for_each = merge(
      {
        for file in fileset("${path.module}/../../lambda", "notifier/*.py") :
        file => file("${path.module}/../../lambda/${file}")
      },
      length(var.account_names) > 0 ? { "notifier/account_names.json" = jsonencode(var.account_names) } : {},
    )

    content {
      filename = source.key
      content  = source.value
    }
  }
}

resource "aws_cloudwatch_log_group" "notifier" {
  # checkov:skip=CKV_AWS_158:With kms_key or CloudWatch's own encryption, no change of inputs makes logs unreadable
  count = local.has_digest ? 1 : 0

  name              = local.notifier_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.kms_key[*].arn)
  tags              = var.tags
}

# The reporter uses the same document.
data "aws_iam_policy_document" "lambda_trust" {
  count = local.has_digest || var.report != null ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "notifier" {
  count = local.has_digest ? 1 : 0

  name                 = "${local.notifier_name}-${local.region}"
  description          = "Lets the notifier of ${var.name} in ${local.region} publish what its queue has collected."
  assume_role_policy   = data.aws_iam_policy_document.lambda_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "notifier" {
  count = local.has_digest ? 1 : 0

  statement {
    sid       = "Publish"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
  }

  statement {
    sid       = "Poll"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [local.digest_queue_arn]
  }

  statement {
    sid     = "WriteLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.notifier_log_group}:*"
    ]
  }
}

resource "aws_iam_role_policy" "notifier" {
  count = local.has_digest ? 1 : 0

  name   = "notifier"
  role   = aws_iam_role.notifier[0].name
  policy = data.aws_iam_policy_document.notifier[0].json
}

# A separate policy, because the key's ARN is known only after the apply. The key of your own topic is not known at all.
# Then every key of the account is allowed, but only for that topic.
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
data "aws_iam_policy_document" "notifier_keys" {
  count = local.has_digest ? 1 : 0

  statement {
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [
      var.sns_topic == null
      ? aws_sns_topic.this[0].kms_master_key_id
      : "arn:${local.partition}:kms:${local.region}:${local.account_id}:key/*"
    ]

    dynamic "condition" {
      for_each = var.sns_topic[*]

      content {
        test     = "StringEquals"
        variable = "kms:EncryptionContext:aws:sns:topicArn"
        values   = [condition.value.arn]
      }
    }
  }
}

resource "aws_iam_role_policy" "notifier_keys" {
  count = local.has_digest ? 1 : 0

  name   = "notifier-keys"
  role   = aws_iam_role.notifier[0].name
  policy = data.aws_iam_policy_document.notifier_keys[0].json
}

resource "aws_lambda_function" "notifier" {
  # checkov:skip=CKV_AWS_50:A trace of one or a few API calls per window shows nothing new
  # checkov:skip=CKV_AWS_115:The event source mapping limits the concurrency
  # checkov:skip=CKV_AWS_116:Failed events go back to the queue, and from there to the dead-letter queue
  # checkov:skip=CKV_AWS_117:It calls only SNS, and nothing in a VPC
  # checkov:skip=CKV_AWS_173:The variables name a topic and the console. Nothing in them is secret
  # checkov:skip=CKV_AWS_272:The zip is built from the module's source during the plan, so nobody can sign it first
  count = local.has_digest ? 1 : 0

  function_name    = local.notifier_name
  description      = "Describes in one notification what the queue of ${var.name} has collected within a window."
  role             = aws_iam_role.notifier[0].arn
  filename         = data.archive_file.notifier[0].output_path
  source_code_hash = data.archive_file.notifier[0].output_base64sha256
  handler          = "notifier.handler.lambda_handler"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = local.notifier_timeout
  tags             = var.tags

  environment {
    variables = {
      CHAT           = var.chat
      CONSOLE_DOMAIN = var.console_domain
      DIGEST_BY      = var.digest_by
      TOPIC_ARN      = coalesce(one(aws_sns_topic.this[*].arn), local.topic_arn)
    }
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.notifier[0].name
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }
}

resource "aws_lambda_event_source_mapping" "digest" {
  count = local.has_digest ? 1 : 0

  event_source_arn                   = aws_sqs_queue.digest[0].arn
  function_name                      = aws_lambda_function.notifier[0].function_name
  maximum_batching_window_in_seconds = var.digest_window_seconds
  batch_size                         = 10000 # the maximum; Lambda ends a batch at 6 MB, about 2,500 changes
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  scaling_config {
    maximum_concurrency = 2 # the minimum
  }

  # Lambda refuses a queue that the role may not poll.
  depends_on = [aws_iam_role_policy.notifier, aws_iam_role_policy.notifier_keys]
}
