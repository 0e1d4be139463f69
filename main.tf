data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Only for the region's name: the attributes of aws_region that hold it are missing in provider 5 or deprecated in 6.
data "aws_service" "config" {
  service_id = "config"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.config.region

  evaluator_name      = "${var.name}-evaluator"
  evaluator_log_group = "/aws/lambda/${local.evaluator_name}"

  # AWS Config accepts only strings as parameters. A parameter that is not set must be left out.
  rule_parameters = {
    for name, value in {
      allowedKeyNames   = length(var.allowed_key_names) > 0 ? jsonencode(var.allowed_key_names) : null
      exemptTags        = length(var.exempt_tags) > 0 ? jsonencode(var.exempt_tags) : null
      exemptUntilTagKey = var.exempt_until_tag_key
    } : name => value if value != null
  }
  input_parameters = length(local.rule_parameters) > 0 ? jsonencode(local.rule_parameters) : null
}

# 1. The package

data "archive_file" "evaluator" {
  type       = "zip"
  source_dir = "${path.module}/lambda"
  excludes = [
    for file in fileset("${path.module}/lambda", "**") : file if !can(regex("^evaluator/[a-z_]+[.]py$", file))
  ]
  output_path = "${path.module}/build/${var.name}-${local.account_id}-${local.region}-evaluator.zip"
  # A fixed mode, so that the umask of a checkout does not change the function's hash.
  output_file_mode = "0644"
}

# 2. The evaluator function

resource "aws_cloudwatch_log_group" "evaluator" {
  # checkov:skip=CKV_AWS_158:With kms_key or CloudWatch's own encryption, no change of inputs makes logs unreadable
  name              = local.evaluator_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.kms_key[*].arn)
  tags              = var.tags
}

data "aws_iam_policy_document" "evaluator_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# IAM is global and the module is applied once per region, so the name contains the region.
resource "aws_iam_role" "evaluator" {
  name                 = "${var.name}-evaluator-${local.region}"
  description          = "Lets the evaluator of the AWS Config rule ${var.name} in ${local.region} report verdicts."
  assume_role_policy   = data.aws_iam_policy_document.evaluator_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "evaluator" {
  statement {
    sid = "EvaluateAndReport"
    actions = concat(
      ["config:GetResourceConfigHistory", "config:PutEvaluations"],
      var.evaluation_frequency == null ? [] : ["config:BatchGetResourceConfig", "config:SelectResourceConfig"],
    )
    resources = ["*"] # these actions support no resource-level permissions
  }

  # The schedule fires as soon as the rule exists, and the rule's ARN is not known earlier: allow every rule here.
  dynamic "statement" {
    for_each = var.evaluation_frequency[*]

    content {
      sid       = "ListResults"
      actions   = ["config:GetComplianceDetailsByConfigRule"]
      resources = ["arn:${local.partition}:config:${local.region}:${local.account_id}:config-rule/*"]
    }
  }

  statement {
    sid     = "WriteLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:${local.evaluator_log_group}:*"
    ]
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = ["arn:${local.partition}:sqs:${local.region}:${local.account_id}:${var.name}-dead-evaluations"]
  }
}

resource "aws_iam_role_policy" "evaluator" {
  name   = "evaluator"
  role   = aws_iam_role.evaluator.name
  policy = data.aws_iam_policy_document.evaluator.json
}

resource "aws_lambda_function" "evaluator" {
  # checkov:skip=CKV_AWS_50:A trace of one API call per event shows nothing new, and each trace costs money
  # checkov:skip=CKV_AWS_115:Reserved concurrency would throttle evaluations, or take concurrency from other functions
  # checkov:skip=CKV_AWS_117:It calls only AWS Config, and nothing in a VPC
  # checkov:skip=CKV_AWS_272:The zip is built from the module's source during the plan, so nobody can sign it first
  function_name    = local.evaluator_name
  description      = "Evaluates for the AWS Config rule ${var.name} whether EC2 instances have a key pair."
  role             = aws_iam_role.evaluator.arn
  filename         = data.archive_file.evaluator.output_path
  source_code_hash = data.archive_file.evaluator.output_base64sha256
  handler          = "evaluator.handler.lambda_handler"
  runtime          = "python3.13"
  # arm64 costs a fifth less than x86_64 and starts as fast. 256 MB give a seventh of a vCPU. A page of a sweep then
  # takes 25 ms of processor time, less than its API calls take. With half the memory the processor would be slower than
  # the calls. More memory speeds up neither the calls nor the init phase. A sweep of 100,000 instances uses 55 MiB.
  # See docs/performance.md.
  architectures = ["arm64"]
  memory_size   = 256
  timeout       = var.evaluation_frequency == null ? 60 : 900
  tags          = var.tags

  logging_config {
    log_group             = aws_cloudwatch_log_group.evaluator.name
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
  }

  dead_letter_config {
    target_arn = module.failures.queue_arns["evaluations"]
  }

  # Lambda refuses a dead-letter queue that the role may not write to.
  depends_on = [aws_iam_role_policy.evaluator]
}

# AWS Config invokes the function asynchronously. After the last failed attempt, the event becomes a dead letter.
resource "aws_lambda_function_event_invoke_config" "evaluator" {
  function_name                = aws_lambda_function.evaluator.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}

# A source_arn would be a cycle: AWS Config checks the permission before it creates the rule.
resource "aws_lambda_permission" "config" {
  statement_id   = "config"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.evaluator.function_name
  principal      = "config.amazonaws.com"
  source_account = local.account_id
}

# 3. The AWS Config rule

resource "aws_config_config_rule" "this" {
  name             = var.name
  description      = "EC2 instances have ${length(var.allowed_key_names) > 0 ? "an allowed" : "a"} key pair."
  input_parameters = local.input_parameters
  tags             = var.tags

  scope {
    compliance_resource_types = ["AWS::EC2::Instance"]
  }

  source {
    owner             = "CUSTOM_LAMBDA"
    source_identifier = aws_lambda_function.evaluator.arn

    source_detail {
      message_type = "ConfigurationItemChangeNotification"
    }

    source_detail {
      message_type = "OversizedConfigurationItemChangeNotification"
    }

    dynamic "source_detail" {
      for_each = var.evaluation_frequency[*]

      content {
        message_type                = "ScheduledNotification"
        maximum_execution_frequency = source_detail.value
      }
    }
  }

  lifecycle {
    # Only the rule refers to config_recorder_name, so that only the rule waits for the recorder.
    precondition {
      condition = var.config_recorder_name == null || can(regex("^\\S{1,256}$", var.config_recorder_name))
      error_message = join(" ", [
        "config_recorder_name must be null or the name of a recorder,",
        "such as aws_config_configuration_recorder_status.this.name.",
      ])
    }

    precondition {
      condition = alltrue([for key in var.exempt_until_tag_key[*] : !contains(keys(var.exempt_tags), key)])
      error_message = join(" ", [
        "exempt_until_tag_key must not be a key of exempt_tags, which would exempt an instance whatever the date. Take",
        "a key of its own, such as \"key-pair-exempt-until\".",
      ])
    }

    precondition {
      condition = length(coalesce(local.input_parameters, "-")) <= 1024
      error_message = join(" ", [
        "allowed_key_names, exempt_tags and exempt_until_tag_key make ${length(coalesce(local.input_parameters, "-"))}",
        "characters of AWS Config rule parameters and may make 1024. Name fewer, or use patterns such as \"prod-*\".",
      ])
    }
  }

  # AWS Config evaluates the existing instances as soon as the rule exists, and each verdict is notified only once. So
  # the function and the notifications must be ready before the rule exists.
  depends_on = [
    aws_cloudwatch_event_target.central,
    aws_cloudwatch_event_target.notifications,
    aws_lambda_function_event_invoke_config.evaluator,
    aws_lambda_permission.config,
    module.notifications,
  ]
}
