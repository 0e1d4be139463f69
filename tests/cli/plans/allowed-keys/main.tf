resource "aws_instance" "allowed" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "prod-web"
}

resource "aws_instance" "other" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "dev"
}

resource "aws_instance" "case" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "Prod-web"
}

resource "aws_instance" "none" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "dev" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "dev"
}

resource "aws_autoscaling_group" "dev" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.dev.id
  }
}

resource "aws_launch_template" "prod" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "prod-1"
}

resource "aws_autoscaling_group" "prod" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.prod.id
  }
}

resource "terraform_data" "later" {}

resource "aws_instance" "later" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "prod-${terraform_data.later.id}"
}
