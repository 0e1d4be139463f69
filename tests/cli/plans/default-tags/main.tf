provider "aws" {
  default_tags {
    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_instance" "untagged" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "overridden" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    purpose = "web"
  }
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

resource "aws_launch_template" "unused" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_spot_instance_request" "spot" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_ec2_fleet" "fleet" {
  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.shared.id
      version            = "1"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "spot"
    total_target_capacity        = 1
  }
}
