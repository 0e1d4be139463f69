variable "key_name" {
  type    = string
  default = null
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "create" {
  type    = bool
  default = true
}

locals {
  template = try(coalesce(one(aws_launch_template.this[*].id)), "")
}

resource "aws_launch_template" "this" {
  count = var.create ? 1 : 0

  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
}

resource "aws_autoscaling_group" "this" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  dynamic "launch_template" {
    for_each = var.create ? [1] : []

    content {
      id      = local.template
      version = "$Latest"
    }
  }
}
