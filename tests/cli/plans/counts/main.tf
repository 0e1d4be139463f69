resource "aws_launch_template" "t" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  count         = 2
  key_name      = count.index == 0 ? "ops" : null
}

resource "aws_autoscaling_group" "g" {
  count              = 2
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = aws_launch_template.t[count.index].id
  }
}

resource "aws_autoscaling_group" "lit" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = aws_launch_template.t[1].id
  }
}

resource "aws_autoscaling_group" "last" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = aws_launch_template.t[length(aws_launch_template.t) - 1].id
  }
}
