# Changes of verdict are collected for a minute and sent in one e-mail. Each subscriber filters what it gets.

module "ec2_key_pair_monitor" {
  source = "../../"

  digest_window_seconds = 60
  notification_emails   = ["security@example.com"]
  notify_on             = ["COMPLIANT", "NON_COMPLIANT"]

  subscriptions = {
    on-call = {
      protocol      = "sms"
      endpoint      = "+4915112345678"
      filter_policy = jsonencode({ verdicts = ["NON_COMPLIANT"] })
    }
  }
}
