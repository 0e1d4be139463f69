locals {
  boxes = {
    keyed   = { key = "ops" }
    keyless = { key = null }
  }
}

resource "aws_launch_template" "each" {
  for_each = local.boxes

  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = each.value.key
}

resource "aws_autoscaling_group" "each" {
  for_each = local.boxes

  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.each[each.key].id
  }
}

resource "aws_autoscaling_group" "literal" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.each["keyless"].id
  }
}

resource "aws_launch_template" "count" {
  count = 2

  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = count.index == 0 ? "ops" : null
}

resource "aws_autoscaling_group" "one" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.count[1].id
  }
}
