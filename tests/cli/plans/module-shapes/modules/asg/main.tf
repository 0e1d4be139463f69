variable "create_launch_template" {
  type    = bool
  default = true
}

variable "launch_template_id" {
  type    = string
  default = null
}

variable "key_name" {
  type    = string
  default = null
}

variable "use_mixed" {
  type    = bool
  default = false
}

variable "tags" {
  type    = map(string)
  default = {}
}

locals {
  launch_template_id      = var.create_launch_template ? aws_launch_template.this[0].id : var.launch_template_id
  launch_template_version = var.create_launch_template ? aws_launch_template.this[0].latest_version : null
}

resource "aws_launch_template" "this" {
  count = var.create_launch_template ? 1 : 0

  name_prefix   = "app-"
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name

  dynamic "tag_specifications" {
    for_each = length(var.tags) > 0 ? ["instance", "volume"] : []

    content {
      resource_type = tag_specifications.value
      tags          = var.tags
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "this" {
  count = 1

  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  dynamic "launch_template" {
    for_each = var.use_mixed ? [] : [1]

    content {
      id      = local.launch_template_id
      version = local.launch_template_version
    }
  }

  dynamic "mixed_instances_policy" {
    for_each = var.use_mixed ? [1] : []

    content {
      launch_template {
        launch_template_specification {
          launch_template_id = local.launch_template_id
          version            = local.launch_template_version
        }

        override {
          instance_type = "t3.small"
        }
      }
    }
  }
}
