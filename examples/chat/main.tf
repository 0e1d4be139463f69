# Notifications in a Slack channel, in a Teams channel and by e-mail.

variable "slack" {
  description = "The Slack workspace, authorized in Amazon Q Developer's console, and the channel."
  type        = object({ team_id = string, channel_id = string })
  default     = { team_id = "T012ABCDEFG", channel_id = "C012ABCDEFG" }
}

variable "teams" {
  description = "The Teams team, authorized in Amazon Q Developer's console, and the channel."
  type        = object({ tenant_id = string, team_id = string, channel_id = string })
  default = {
    tenant_id  = "11111111-2222-3333-4444-555555555555"
    team_id    = "66666666-7777-8888-9999-000000000000"
    channel_id = "19%3aexample%40thread.tacv2"
  }
}

module "ec2_key_pair_monitor" {
  source = "../../"

  chat                  = true
  digest_window_seconds = 60
  notification_emails   = ["security@example.com"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["chatbot.amazonaws.com"]
    }
  }
}

# People in the channel can do nothing by commands, because this role has no policy.
resource "aws_iam_role" "chat" {
  name               = "ec2-key-pair-monitor-chat"
  description        = "What Amazon Q Developer may do for people in the channels of ec2-key-pair-monitor."
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_partition" "current" {}

# A channel without its own guardrail policies is limited only by AdministratorAccess.
locals {
  guardrail_policy_arns = ["arn:${data.aws_partition.current.partition}:iam::aws:policy/ReadOnlyAccess"]
}

resource "aws_chatbot_slack_channel_configuration" "this" {
  configuration_name    = "ec2-key-pair-monitor-slack"
  iam_role_arn          = aws_iam_role.chat.arn
  slack_team_id         = var.slack.team_id
  slack_channel_id      = var.slack.channel_id
  sns_topic_arns        = [module.ec2_key_pair_monitor.topic_arn]
  guardrail_policy_arns = local.guardrail_policy_arns
  logging_level         = "ERROR"
}

resource "aws_chatbot_teams_channel_configuration" "this" {
  configuration_name    = "ec2-key-pair-monitor-teams"
  iam_role_arn          = aws_iam_role.chat.arn
  tenant_id             = var.teams.tenant_id
  team_id               = var.teams.team_id
  channel_id            = var.teams.channel_id
  sns_topic_arns        = [module.ec2_key_pair_monitor.topic_arn]
  guardrail_policy_arns = local.guardrail_policy_arns
  logging_level         = "ERROR"
}
