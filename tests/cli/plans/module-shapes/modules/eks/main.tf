variable "groups" {
  type = any
}

variable "defaults" {
  type    = any
  default = {}
}

module "group" {
  source   = "./group"
  for_each = var.groups

  name     = try(each.value.name, each.key)
  key_name = try(each.value.key_name, var.defaults.key_name, null)
}
