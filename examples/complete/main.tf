# Every argument once, and a permissions boundary that is made in the same root.

data "aws_iam_policy_document" "boundary" {
  statement {
    actions   = ["config:*", "logs:*", "sqs:SendMessage"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name_prefix = "ec2-key-pair-monitor-boundary-"
  policy      = data.aws_iam_policy_document.boundary.json
}

module "ec2_key_pair_monitor" {
  source = "../../"

  name                     = "key-pairs"
  notification_emails      = ["security@example.com", "platform@example.com"]
  notify_on                = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
  log_retention_days       = 90
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  tags                     = { team = "security" }

  # Which key pairs are right, and who needs none.
  allowed_key_names = ["ops-*", "break-glass"]
  exempt_tags = {
    "aws:autoscaling:groupName" = "build-agents-*"
    "karpenter.sh/nodepool"     = "*"
  }
  exempt_until_tag_key = "key-pair-exempt-until"

  # Ends exemptions on their day, and repairs what a lost event left behind.
  evaluation_frequency = "TwentyFour_Hours"
}
