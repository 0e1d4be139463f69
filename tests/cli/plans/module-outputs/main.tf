module "template" {
  source   = "./template"
  for_each = { blue = "ops", green = null }

  key_name = each.value
}

resource "aws_launch_template" "near" {
  key_name = "ops"
}

resource "aws_autoscaling_group" "direct" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = module.template["green"].id
  }
}

# A template that the module is handed, chosen by a local value in a dynamic block.
module "handed" {
  source   = "./group"
  for_each = toset(["blue", "green"])

  create      = false
  template_id = module.template[each.key].id
}

# A template of the module's own, in instances whose keys have to be quoted.
module "own" {
  source   = "./group"
  for_each = { "a.b" = "ops", "c\"d" = null, "e[0]\\" = "ops", "$${f}" = null }

  key_name = each.value
}

module "either" {
  source = "./group"

  create      = false
  template_id = one([for name, module in module.template : module.id if name == "green"])
}

resource "terraform_data" "which" {}

resource "aws_autoscaling_group" "conditional" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = terraform_data.which.id == "a" ? aws_launch_template.near.id : "lt-0abcdef1234567890"
  }
}

resource "terraform_data" "detour" {
  input = module.template["green"].id
}

resource "aws_autoscaling_group" "detour" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = terraform_data.detour.output
  }
}
