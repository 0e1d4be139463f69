# The report says on a schedule which instances are open, new and fixed. It is a schedule, a function that reads AWS
# Config, and a table with the findings of the last report. None of it exists without `report`.

locals {
  has_report = var.report != null

  # Null reads the rule of this region. With try(), a plan would not know whether it is null while the ARN is unknown.
  aggregator = one(var.report[*].aggregator)

  reporter_name      = "${var.name}-reporter"
  reporter_log_group = "/aws/lambda/${local.reporter_name}"

  dead_reports_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.name}-dead-reports"
  reports_name     = "${var.name}-reports"
}

# The schedule. It has its own group, because a role can be limited to a group, but not to a schedule:
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html

resource "aws_scheduler_schedule_group" "reports" {
  count = local.has_report ? 1 : 0

  name = local.reports_name
  tags = var.tags
}

data "aws_iam_policy_document" "scheduler_trust" {
  count = local.has_report ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values = [
        "arn:${local.partition}:scheduler:${local.region}:${local.account_id}:schedule-group/${local.reports_name}"
      ]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  count = local.has_report ? 1 : 0

  name                 = "${var.name}-scheduler-${local.region}"
  description          = "Lets the schedule of ${var.name} in ${local.region} start its report."
  assume_role_policy   = data.aws_iam_policy_document.scheduler_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "scheduler" {
  count = local.has_report ? 1 : 0

  statement {
    sid     = "StartReport"
    actions = ["lambda:InvokeFunction"]
    resources = [
      "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${local.reporter_name}"
    ]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [local.dead_reports_arn]
  }
}

resource "aws_iam_role_policy" "scheduler" {
  count = local.has_report ? 1 : 0

  name   = "scheduler"
  role   = aws_iam_role.scheduler[0].name
  policy = data.aws_iam_policy_document.scheduler[0].json
}

resource "aws_scheduler_schedule" "report" {
  # checkov:skip=CKV_AWS_297:The schedule holds only its own time
  count = local.has_report ? 1 : 0

  name                         = local.reports_name
  description                  = "Starts the report of ${var.name}."
  group_name                   = aws_scheduler_schedule_group.reports[0].name
  schedule_expression          = var.report.expression
  schedule_expression_timezone = var.report.timezone

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.reporter[0].arn
    role_arn = aws_iam_role.scheduler[0].arn

    # The scheduled time identifies a report, so that the reporter recognizes a retry. jsonencode would escape the angle
    # brackets.
    input = <<-JSON
      {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    JSON

    retry_policy {
      maximum_event_age_in_seconds = 86400
      maximum_retry_attempts       = 185
    }

    dead_letter_config {
      arn = module.failures.queue_arns["reports"]
    }
  }

  # A rate starts its first report immediately: the permissions and the subscribers must exist before.
  depends_on = [
    aws_iam_role_policy.reporter,
    aws_iam_role_policy.reporter_aggregator,
    aws_iam_role_policy.reporter_keys,
    aws_iam_role_policy.scheduler,
    aws_lambda_function_event_invoke_config.reporter,
    aws_sns_topic_policy.this,
    aws_sns_topic_subscription.email,
    aws_sns_topic_subscription.others,
  ]
}

# The findings of the last report. DynamoDB encrypts them with its own key, so that no change of inputs makes them
# unreadable.

resource "aws_dynamodb_table" "reports" {
  # checkov:skip=CKV_AWS_119:DynamoDB encrypts it with its own key; it holds IDs of instances and times
  count = local.has_report ? 1 : 0

  name         = local.reports_name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "source"
  tags         = var.tags

  attribute {
    name = "source"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
}

# The reporter: a separate function from the notifier's package. It needs a time-out of 900 seconds to read AWS Config.
# With that time-out, the notifier's queue would hide the events of a failed digest for hours.

resource "aws_cloudwatch_log_group" "reporter" {
  # checkov:skip=CKV_AWS_158:With kms_key or CloudWatch's own encryption, no change of inputs makes logs unreadable
  count = local.has_report ? 1 : 0

  name              = local.reporter_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.kms_key[*].arn)
  tags              = var.tags
}

resource "aws_iam_role" "reporter" {
  count = local.has_report ? 1 : 0

  name                 = "${local.reporter_name}-${local.region}"
  description          = "Lets the reporter of ${var.name} in ${local.region} publish what is open in AWS Config."
  assume_role_policy   = data.aws_iam_policy_document.lambda_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "reporter" {
  count = local.has_report ? 1 : 0

  # The AWS Config rule is created after this module, so its ARN is not known here.
  dynamic "statement" {
    for_each = local.aggregator == null ? ["ListResults"] : []

    content {
      sid       = statement.value
      actions   = ["config:GetComplianceDetailsByConfigRule"]
      resources = ["arn:${local.partition}:config:${local.region}:${local.account_id}:config-rule/*"]
    }
  }

  dynamic "statement" {
    for_each = local.aggregator == null ? ["ReadLaunchTimes"] : []

    content {
      sid       = statement.value
      actions   = ["config:SelectResourceConfig"]
      resources = ["*"] # this action supports no resource-level permissions
    }
  }

  statement {
    sid = "RememberReports"
    actions = concat(
      ["dynamodb:GetItem", "dynamodb:PutItem"],
      local.aggregator == null ? [] : ["dynamodb:DeleteItem"],
    )
    resources = ["arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${local.reports_name}"]
  }

  statement {
    sid       = "Publish"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]
  }

  statement {
    sid     = "WriteLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.reporter_log_group}:*"
    ]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [local.dead_reports_arn]
  }
}

resource "aws_iam_role_policy" "reporter" {
  count = local.has_report ? 1 : 0

  name   = "reporter"
  role   = aws_iam_role.reporter[0].name
  policy = data.aws_iam_policy_document.reporter[0].json
}

# A separate policy, because the ARN of a new aggregator is known only after the apply.
data "aws_iam_policy_document" "reporter_aggregator" {
  count = local.aggregator == null ? 0 : 1

  statement {
    sid = "ReadAggregator"
    actions = [
      "config:DescribeAggregateComplianceByConfigRules",
      "config:DescribeConfigurationAggregatorSourcesStatus",
      "config:GetAggregateComplianceDetailsByConfigRule",
      "config:SelectAggregateResourceConfig",
    ]
    resources = [local.aggregator.arn]
  }
}

resource "aws_iam_role_policy" "reporter_aggregator" {
  count = local.aggregator == null ? 0 : 1

  name   = "reporter-aggregator"
  role   = aws_iam_role.reporter[0].name
  policy = data.aws_iam_policy_document.reporter_aggregator[0].json
}

# The same as for the notifier.
data "aws_iam_policy_document" "reporter_keys" {
  count = local.has_report ? 1 : 0

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

resource "aws_iam_role_policy" "reporter_keys" {
  count = local.has_report ? 1 : 0

  name   = "reporter-keys"
  role   = aws_iam_role.reporter[0].name
  policy = data.aws_iam_policy_document.reporter_keys[0].json
}

resource "aws_lambda_function" "reporter" {
  # checkov:skip=CKV_AWS_50:It runs a few times a week, and its log says what it did
  # checkov:skip=CKV_AWS_115:Only its schedule invokes it
  # checkov:skip=CKV_AWS_117:It calls only AWS Config, DynamoDB and SNS, and nothing in a VPC
  # checkov:skip=CKV_AWS_173:The variables name a rule, a table, a topic and the console. Nothing is secret
  # checkov:skip=CKV_AWS_272:The zip is built from the module's source during the plan, so nobody can sign it first
  count = local.has_report ? 1 : 0

  function_name = local.reporter_name
  description = (local.aggregator == null
    ? "Reports which EC2 instances the AWS Config rule ${var.report.rule_name} finds NON_COMPLIANT."
    : "Reports which EC2 instances the AWS Config aggregator ${local.aggregator.name} shows as NON_COMPLIANT."
  )
  role             = aws_iam_role.reporter[0].arn
  filename         = data.archive_file.notifier[0].output_path
  source_code_hash = data.archive_file.notifier[0].output_base64sha256
  handler          = "notifier.reporter.lambda_handler"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = 900
  tags             = var.tags

  environment {
    variables = merge(
      {
        CHAT           = var.chat
        CONSOLE_DOMAIN = var.console_domain
        RULE_NAME      = var.report.rule_name
        TABLE_NAME     = aws_dynamodb_table.reports[0].name
        TOPIC_ARN      = coalesce(one(aws_sns_topic.this[*].arn), local.topic_arn)
        WHEN_EMPTY     = var.report.when_empty ? "1" : ""
      },
      local.aggregator == null ? {} : {
        AGGREGATOR_NAME = local.aggregator.name
        RULE_NAMES      = join(",", local.aggregator.rule_names)
      },
    )
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.reporter[0].name
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  dead_letter_config {
    target_arn = module.failures.queue_arns["reports"]
  }

  # Lambda refuses a dead-letter queue that the role may not write to.
  depends_on = [aws_iam_role_policy.reporter]
}

# EventBridge Scheduler invokes the function asynchronously. After the last failed attempt, the event becomes a dead
# letter.
resource "aws_lambda_function_event_invoke_config" "reporter" {
  count = local.has_report ? 1 : 0

  function_name                = aws_lambda_function.reporter[0].function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}
