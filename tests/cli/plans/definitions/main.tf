resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "used" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_configuration" "keyed" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_configuration" "keyless" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "group" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.used.id
  }

  tag {
    key                 = "purpose"
    value               = "ephemeral"
    propagate_at_launch = true
  }
}

resource "aws_launch_template" "overridden" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "own" {
  key_name = "ops"

  launch_template {
    id = aws_launch_template.overridden.id
  }
}

resource "aws_launch_template" "exempt" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "instance"

    tags = {
      purpose = "ephemeral"
    }
  }
}
