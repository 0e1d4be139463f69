resource "aws_launch_template" "web" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "web-2"
}

resource "aws_autoscaling_group" "web" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.web.id
    version = "$Latest"
  }
}

resource "aws_launch_template" "same" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "same"
}

resource "aws_autoscaling_group" "same" {
  availability_zones = ["eu-central-1a"]
  max_size           = 3
  min_size           = 0

  launch_template {
    id      = aws_launch_template.same.id
    version = "$Latest"
  }
}

resource "aws_launch_template" "tagged" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "tagged"

  tags = {
    a = "b"
  }
}

resource "aws_autoscaling_group" "tagged" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.tagged.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "gone" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.same.id
    version = "$Latest"
  }
}
