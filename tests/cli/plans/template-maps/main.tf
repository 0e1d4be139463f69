resource "aws_launch_template" "t" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  for_each      = { a = "ops", b = null }
  key_name      = each.value
}

module "m" {
  source    = "./m"
  for_each  = toset(["a", "b"])
  templates = aws_launch_template.t
}

module "ids" {
  source    = "./ids"
  templates = { for k, t in aws_launch_template.t : k => t.id }
}

module "one" {
  source   = "./one"
  for_each = toset(["a", "b"])
  template = aws_launch_template.t[each.key]
}

module "list" {
  source    = "./list"
  templates = values(aws_launch_template.t)[*].id
}

resource "aws_autoscaling_group" "outer" {
  for_each           = aws_launch_template.t
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = each.value.id
  }
}

resource "aws_autoscaling_group" "keys" {
  for_each           = toset(keys(aws_launch_template.t))
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = aws_launch_template.t[each.value].id
  }
}
