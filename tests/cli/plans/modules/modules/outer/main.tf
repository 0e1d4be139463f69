variable "key_name" {
  type    = string
  default = null
}

module "inner" {
  source   = "../instance"
  key_name = var.key_name
}
