variable "prefix" {
  type    = string
  default = "web"
}

locals {
  key_name = "x-${uuid()}"
}

resource "aws_instance" "only" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = uuid()
}

resource "aws_instance" "local" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.key_name
}

resource "aws_launch_template" "prefixed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "${var.prefix}-${uuid()}"
}

resource "aws_autoscaling_group" "prefixed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.prefixed.id
  }
}
