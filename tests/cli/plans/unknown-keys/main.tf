resource "terraform_data" "later" {}

variable "own" {
  type    = string
  default = ""
}

resource "aws_key_pair" "named" {
  key_name   = "ops"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0bcf1Q2xY7m3mDJhNo9sJQ4tG7u0eVYVEJ4YQ4n0xF"
}

resource "aws_instance" "later" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = terraform_data.later.id
}

resource "aws_instance" "conditional" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = terraform_data.later.id == "x" ? "ops" : null
}

resource "aws_instance" "named" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = aws_key_pair.named.key_name
}

resource "aws_instance" "interpolated" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "x-${terraform_data.later.id}"
}

resource "aws_instance" "coalesced" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = coalesce(var.own, terraform_data.later.id)
}

resource "aws_launch_template" "later" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = terraform_data.later.id
}

resource "aws_autoscaling_group" "later" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.later.id
  }
}

resource "aws_launch_template" "unused" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = terraform_data.later.id
}

resource "aws_launch_configuration" "later" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = terraform_data.later.id
}

resource "aws_autoscaling_group" "config" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.later.name
}
