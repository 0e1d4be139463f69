# Three regions of one account in one root: the module is called once for each, with that region's provider.

provider "aws" {
  region = "eu-central-1"
}

provider "aws" {
  alias  = "eu_west_1"
  region = "eu-west-1"
}

provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"
}

# Values that all regions share.
locals {
  emails      = ["security@example.com"]
  exempt_tags = { "karpenter.sh/nodepool" = "*" }
}

module "eu_central_1" {
  source = "../../"

  notification_emails = local.emails
  exempt_tags         = local.exempt_tags
}

module "eu_west_1" {
  source    = "../../"
  providers = { aws = aws.eu_west_1 }

  notification_emails = local.emails
  exempt_tags         = local.exempt_tags
}

module "us_east_1" {
  source    = "../../"
  providers = { aws = aws.us_east_1 }

  notification_emails = local.emails
  exempt_tags         = local.exempt_tags
}
