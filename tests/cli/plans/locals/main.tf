resource "terraform_data" "later" {}

variable "create" {
  type    = bool
  default = true
}

locals {
  later = terraform_data.later.id
  name  = var.create ? local.later : null
}

resource "aws_instance" "later" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.later
}

resource "aws_instance" "name" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.name
}

resource "aws_launch_template" "later" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.name
}

resource "aws_autoscaling_group" "later" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.later.id
  }
}

resource "aws_launch_template" "null" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.create ? null : local.later
}

resource "aws_autoscaling_group" "null" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.null.id
  }
}

module "box" {
  source   = "./box"
  key_name = local.later
}

module "keyed" {
  source   = "./box"
  key_name = "ops"
}
