data "aws_instances" "old" {
  instance_tags = {
    Name = "old"
  }
}

data "aws_launch_template" "old" {
  name = "old"
}

import {
  to = aws_instance.old
  id = data.aws_instances.old.ids[0]
}

import {
  to = aws_launch_template.old
  id = data.aws_launch_template.old.id
}

resource "aws_instance" "old" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"

  tags = {
    Name = "old"
  }
}

resource "aws_launch_template" "old" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "old"
}

resource "aws_autoscaling_group" "new" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.old.id
    version = "$Latest"
  }
}
