variable "templates" {}

resource "aws_autoscaling_group" "lit" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = var.templates["b"].id
  }
}

resource "aws_autoscaling_group" "each" {
  for_each           = toset(["a", "b"])
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = var.templates[each.key].id
  }
}
