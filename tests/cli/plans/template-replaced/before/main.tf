resource "aws_launch_template" "web" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "web"
  key_name      = "ops"
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
  max_size           = 1
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

resource "aws_launch_template" "gone" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "gone"
  key_name      = "ops"
}

resource "aws_autoscaling_group" "gone" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.gone.id
    version = "$Latest"
  }
}
