variable "id" {}

variable "v" {
  default = null
}

resource "aws_autoscaling_group" "this" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id      = var.id
    version = var.v
  }
}
