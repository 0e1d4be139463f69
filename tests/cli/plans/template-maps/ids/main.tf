variable "templates" {}

resource "aws_autoscaling_group" "each" {
  for_each           = var.templates
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = each.value
  }
}
