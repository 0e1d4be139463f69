resource "aws_launch_configuration" "old" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  name_prefix   = "web-"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "from_config" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.old.name
}

resource "aws_launch_configuration" "same" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "same" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.same.name
}

resource "aws_launch_configuration" "keyed" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  name_prefix   = "app-"
  key_name      = "ops"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_autoscaling_group" "loses" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.keyed.name
}

resource "aws_launch_template" "same" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "same_template" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.same.id
    version = "$Latest"
  }
}
