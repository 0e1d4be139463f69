# The aggregator that the report reads: verdicts and instances of every account and region. It is created only if
# `aggregator` has no name.

locals {
  creates_aggregator = var.aggregator != null && try(var.aggregator.name, null) == null

  # The ARN of an aggregator ends with an ID that AWS chooses, and no data source finds it by name.
  aggregator_arn = coalesce(
    one(aws_config_configuration_aggregator.this[*].arn),
    "arn:${local.partition}:config:${local.region}:${local.account_id}:config-aggregator/*",
  )

  report = one([
    for each in var.report_schedule[*] : merge(each, {
      rule_name = var.name
      aggregator = {
        name       = local.creates_aggregator ? aws_config_configuration_aggregator.this[0].name : var.aggregator.name
        arn        = local.aggregator_arn
        rule_names = var.monitor_names
      }
    })
  ])
}

data "aws_iam_policy_document" "aggregator_trust" {
  count = local.creates_aggregator ? 1 : 0

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["config.amazonaws.com"]
    }

    # https://docs.aws.amazon.com/config/latest/developerguide/iamrole-permissions.html
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role" "aggregator" {
  count = local.creates_aggregator ? 1 : 0

  name                 = "${var.name}-accounts-${local.region}"
  description          = "Lets AWS Config list the accounts of the organization for the aggregator ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.aggregator_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

# AWS's own policy, because AWS Config decides which calls it needs.
resource "aws_iam_role_policy_attachment" "aggregator" {
  count = local.creates_aggregator ? 1 : 0

  role       = aws_iam_role.aggregator[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"
}

resource "aws_config_configuration_aggregator" "this" {
  count = local.creates_aggregator ? 1 : 0

  name = var.name
  tags = var.tags

  organization_aggregation_source {
    all_regions = true
    role_arn    = aws_iam_role.aggregator[0].arn
  }

  # AWS Config uses the role as soon as the aggregator exists.
  depends_on = [aws_iam_role_policy_attachment.aggregator]
}
