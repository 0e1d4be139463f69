# With digest_window_seconds, changes of verdict go by a queue to the notifier function, which publishes them as one
# readable notification. Without it, nothing of this file exists and EventBridge publishes to the topic itself.

locals {
  has_digest        = var.digest_window_seconds != null
  digest_queue_name = "${var.name}-digest"
  digest_queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.digest_queue_name}"

  notifier_name           = "${var.name}-notifier"
  notifier_log_group_name = "/aws/lambda/${local.notifier_name}"
  notifier_log_group_arn  = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.notifier_log_group_name}"
  notifier_timeout        = 60

  # AWS asks for six times the function's time-out, plus the window, before a message is tried again.
  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  digest_visibility_seconds = local.has_digest ? 6 * local.notifier_timeout + var.digest_window_seconds : null
}

# 1. The queue

data "aws_iam_policy_document" "digest_queue" {
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
    sid       = "CollectChanges"
    actions   = ["sqs:SendMessage"]
    resources = [local.digest_queue_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for state in var.notify_on : "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${local.event_rule_names[state]}"]
    }
  }
}

resource "aws_sqs_queue" "digest" {
  count = local.has_digest ? 1 : 0

  name                       = local.digest_queue_name
  message_retention_seconds  = 1209600 # 14 days, the most there is
  visibility_timeout_seconds = local.digest_visibility_seconds
  kms_master_key_id          = local.kms_key_arn
  policy                     = data.aws_iam_policy_document.digest_queue[0].json
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters["digests"].arn, maxReceiveCount = 5 })
  tags                       = var.tags
}

# 2. The notifier function

data "archive_file" "notifier" {
  count = local.has_digest ? 1 : 0

  type             = "zip"
  source_dir       = "${path.module}/lambda"
  excludes         = [for file in fileset("${path.module}/lambda", "**") : file if !can(regex("^notifier/[a-z_]+[.]py$", file))]
  output_path      = "${path.module}/build/${var.name}-${local.account_id}-${local.region}-notifier.zip"
  output_file_mode = "0644"
}

resource "aws_cloudwatch_log_group" "notifier" {
  count = local.has_digest ? 1 : 0

  name              = local.notifier_log_group_name
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "notifier" {
  count = local.has_digest ? 1 : 0

  name                 = "${var.name}-notifier-${local.region}"
  description          = "Lets the notifier of the AWS Config rule ${var.name} in ${local.region} publish digests."
  assume_role_policy   = data.aws_iam_policy_document.evaluator_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "notifier" {
  count = local.has_digest ? 1 : 0

  statement {
    sid       = "ReceiveChanges"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [local.digest_queue_arn]
  }

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.notifier_log_group_arn}:*"]
  }
}

resource "aws_iam_role_policy" "notifier" {
  count = local.has_digest ? 1 : 0

  name   = "notifier"
  role   = aws_iam_role.notifier[0].name
  policy = data.aws_iam_policy_document.notifier[0].json
}

# A policy of its own, for the ARNs of the topic and of the keys may be known after the apply only.
data "aws_iam_policy_document" "publish_digests" {
  count = local.has_digest ? 1 : 0

  statement {
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
  }

  # To receive from the queue and to publish to the topic, whose key may be another.
  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = distinct(compact([local.kms_key_arn, var.sns_topic == null ? null : var.sns_topic.kms_key_arn]))
  }
}

resource "aws_iam_role_policy" "publish_digests" {
  count = local.has_digest ? 1 : 0

  name   = "publish-digests"
  role   = aws_iam_role.notifier[0].name
  policy = data.aws_iam_policy_document.publish_digests[0].json
}

resource "aws_lambda_function" "notifier" {
  # checkov:skip=CKV_AWS_50:One call a digest leaves nothing to trace
  # checkov:skip=CKV_AWS_115:The event source mapping bounds its concurrency
  # checkov:skip=CKV_AWS_116:What it can't publish goes back to the queue, and from there to the dead letters
  # checkov:skip=CKV_AWS_117:It calls SNS and nothing in a VPC
  # checkov:skip=CKV_AWS_173:What is in its environment is no secret
  # checkov:skip=CKV_AWS_272:The zip is built from the module's own source at plan time, before anybody could sign it
  count = local.has_digest ? 1 : 0

  function_name    = local.notifier_name
  description      = "Publishes what the AWS Config rule ${var.name} finds as one notification for each ${var.digest_window_seconds} seconds."
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
      CONSOLE   = "https://${local.console}"
      TOPIC_ARN = local.topic_arn
    }
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.notifier[0].name
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  depends_on = [aws_iam_role_policy.notifier, aws_iam_role_policy.publish_digests]
}

# 3. From the queue to the function

resource "aws_lambda_event_source_mapping" "digest" {
  count = local.has_digest ? 1 : 0

  event_source_arn                   = aws_sqs_queue.digest[0].arn
  function_name                      = aws_lambda_function.notifier[0].arn
  maximum_batching_window_in_seconds = var.digest_window_seconds
  batch_size                         = 10000 # a scale-out of a fleet is one batch; Lambda bounds it by 6 MB as well
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  # The lowest there is: two batches can still run beside each other.
  scaling_config {
    maximum_concurrency = 2
  }

  # Lambda refuses a mapping whose role may not receive.
  depends_on = [aws_iam_role_policy.notifier, aws_iam_role_policy.publish_digests]
}
