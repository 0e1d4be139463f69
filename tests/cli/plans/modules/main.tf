resource "terraform_data" "later" {}

variable "keys" {
  type = map(string)
  default = {
    a = "ops"
    b = null
  }
}

module "keyed" {
  source   = "./modules/instance"
  key_name = "ops"
}

module "keyless" {
  source = "./modules/instance"
}

module "null" {
  source   = "./modules/instance"
  key_name = null
}

module "each" {
  source   = "./modules/instance"
  for_each = var.keys

  key_name = each.value
}

module "count" {
  source = "./modules/instance"
  count  = 2
}

module "nested" {
  source = "./modules/outer"
}

module "nested_keyed" {
  source   = "./modules/outer"
  key_name = "ops"
}

module "nested_unknown" {
  source   = "./modules/outer"
  key_name = terraform_data.later.id
}

module "template" {
  source = "./modules/template"
}

module "template_keyed" {
  source   = "./modules/template"
  for_each = toset(["x", "y"])

  key_name = each.key == "x" ? "ops" : null
}

module "group" {
  source   = "./modules/group"
  template = module.template.id
}

module "group_x" {
  source   = "./modules/group"
  template = module.template_keyed["x"].id
}

module "group_each" {
  source   = "./modules/group"
  for_each = module.template_keyed

  template = each.value.id
}

module "whole" {
  source   = "./modules/whole"
  for_each = { keyed = "ops", keyless = null }

  key_name = each.value
}
