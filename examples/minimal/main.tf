module "ec2_key_pair_monitor" {
  source = "../../"

  notification_emails = ["security@example.com"]
}
