variable "key_name" {
  default = null
}

module "t" {
  source   = "../tpl"
  key_name = var.key_name
}

module "g" {
  source = "../grp"
  id     = module.t.id
}
