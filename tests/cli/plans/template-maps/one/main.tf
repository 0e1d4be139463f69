variable "template" {}

resource "aws_autoscaling_group" "g" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = var.template.id
  }
}
