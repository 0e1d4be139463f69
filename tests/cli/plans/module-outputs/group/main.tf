variable "create" {
  type    = bool
  default = true
}

variable "key_name" {
  type    = string
  default = null
}

variable "template_id" {
  type    = string
  default = null
}

locals {
  template_id = var.create ? aws_launch_template.this[0].id : var.template_id
}

resource "aws_launch_template" "this" {
  count    = var.create ? 1 : 0
  key_name = var.key_name
}

resource "aws_autoscaling_group" "this" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  dynamic "launch_template" {
    for_each = [1]

    content {
      id = local.template_id
    }
  }
}
