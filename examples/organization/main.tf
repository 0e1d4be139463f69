# A hub and a member in two regions, in one root to show them together. In an organization, the hub has its own root,
# and each account has a root with its members.

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

module "hub" {
  source = "../../modules/hub"

  organization        = { id = "o-a1b2c3d4e5" }
  account_names       = { "123456789012" = "shop" }
  archive_days        = 14
  notification_emails = ["security@example.com"]

  # Each Monday, what is open everywhere, and where no monitor is. The hub must be in the organization's management
  # account, or in a delegated administrator of AWS Config.
  report_schedule = { expression = "cron(0 8 ? * MON *)", timezone = "Europe/Berlin" }
  aggregator      = {}
}

# The member itself notifies nobody, so that it has no topic and no key.
module "eu_central_1" {
  source = "../../"

  central = { event_bus_arn = module.hub.event_bus_arn }
}

module "us_east_1" {
  source    = "../../"
  providers = { aws = aws.us_east_1 }

  central = { event_bus_arn = module.hub.event_bus_arn }
}
