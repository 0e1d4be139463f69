# The event path that every emulator gets: the module as it notifies by default, and as it collects a digest.
# The subscribers' queues are made by the run, since Terraform waits half a minute for each.

locals {
  queues = "arn:aws:sqs:eu-central-1:123456789012:"

  direct_filters = {
    actionable = { what_to_do = [{ anything-but = "Nothing." }] }
    recorder   = { who = [{ exists = true }] }
    rules      = { rule = [{ prefix = "jud" }], annotation = [{ exists = true }] }
  }

  digest_filters = {
    attention = { verdicts = ["NON_COMPLIANT"] }
    elsewhere = { regions = [{ anything-but = { prefix = "eu-" } }] }
    quiet     = { verdicts = [{ anything-but = ["NON_COMPLIANT"] }] }
  }
}

module "direct" {
  source = "../../"

  name      = "judged"
  notify_on = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]

  subscriptions = merge(
    {
      envelope = { protocol = "sqs", endpoint = "${local.queues}direct-envelope" }
      raw      = { protocol = "sqs", endpoint = "${local.queues}direct-raw", raw_message_delivery = true }
    },
    {
      for name, filter in local.direct_filters : name => {
        protocol             = "sqs"
        endpoint             = "${local.queues}direct-${name}"
        raw_message_delivery = true
        filter_policy        = jsonencode(filter)
      }
    },
  )
}

module "digest" {
  source = "../../"

  name                  = "judged-digest"
  notify_on             = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
  digest_window_seconds = 60

  subscriptions = merge(
    {
      envelope = { protocol = "sqs", endpoint = "${local.queues}digest-envelope" }
      raw      = { protocol = "sqs", endpoint = "${local.queues}digest-raw", raw_message_delivery = true }
    },
    {
      for name, filter in local.digest_filters : name => {
        protocol             = "sqs"
        endpoint             = "${local.queues}digest-${name}"
        raw_message_delivery = true
        filter_policy        = jsonencode(filter)
        filter_policy_scope  = "MessageAttributes"
      }
    },
  )
}
