# What this root promises of its key pair monitor. `terraform init && terraform test` needs neither credentials nor
# Python: the provider is mocked, and only what the configuration says is known.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_service" {
    defaults = { region = "eu-central-1" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

run "the_monitor_notifies_and_raises_alarms" {
  command = plan

  assert {
    condition     = contains(keys(module.ec2_key_pair_monitor.event_rule_arns), "NON_COMPLIANT")
    error_message = "An instance that becomes NON_COMPLIANT must be notified."
  }

  assert {
    condition     = length(module.ec2_key_pair_monitor.alarm_arns) > 0
    error_message = "alarm_topic_arns must not be empty: nobody would learn that the monitor has failed."
  }
}
