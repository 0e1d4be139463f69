# An example of your root. test_monitor.py asserts what a reviewer would look for.

module "ec2_key_pair_monitor" {
  source = "../../"

  notification_emails = ["security@example.com"]
  allowed_key_names   = ["ops-*", "break-glass"]
  exempt_tags         = { "karpenter.sh/nodepool" = "*" }
}
