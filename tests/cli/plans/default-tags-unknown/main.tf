resource "terraform_data" "later" {}

provider "aws" {
  default_tags {
    tags = {
      purpose = terraform_data.later.id
    }
  }
}

provider "aws" {
  alias = "plain"
}

resource "aws_instance" "untagged" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "own" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_instance" "keyed" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "plain" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  provider      = aws.plain
}

resource "aws_launch_template" "shared" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "group" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.shared.id
  }
}
