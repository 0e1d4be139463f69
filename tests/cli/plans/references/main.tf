resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "each" {
  for_each = { keyed = "ops", keyless = null }

  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = each.value
}

resource "aws_autoscaling_group" "each" {
  for_each = aws_launch_template.each

  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = each.value.id
    version = each.value.latest_version
  }
}

resource "aws_autoscaling_group" "splat" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = one(aws_launch_template.keyless[*].id)
  }
}

resource "aws_autoscaling_group" "first" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = values(aws_launch_template.each)[0].id
  }
}

resource "aws_autoscaling_group" "local" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = local.template
  }
}

locals {
  template = aws_launch_template.keyless.id
}

resource "aws_autoscaling_group" "either" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = var.big ? aws_launch_template.keyed.id : aws_launch_template.keyless.id
  }
}

variable "big" {
  type    = bool
  default = true
}

module "template" {
  source   = "./modules/template"
  key_name = "ops"
}

module "keyless" {
  source = "./modules/template"
}

module "group_settings" {
  source   = "./modules/group"
  template = module.template.settings
}

module "group_settings_keyless" {
  source   = "./modules/group"
  template = module.keyless.settings
}

module "group_whole" {
  source   = "./modules/group"
  template = { id = module.keyless.template.id }
}

module "group_own" {
  source   = "./modules/group"
  template = { id = aws_launch_template.keyed.id, version = "$Latest" }
}

resource "aws_autoscaling_group" "maybe" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = module.template.maybe
  }
}
