variable "key_name" {
  type      = string
  default   = "swordfish"
  sensitive = true
}

variable "tag" {
  type      = string
  default   = "swordfish"
  sensitive = true
}

resource "aws_instance" "keyed" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
}

resource "aws_instance" "tagged" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    purpose = var.tag
  }
}

resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
}

resource "aws_autoscaling_group" "group" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyed.id
  }
}
