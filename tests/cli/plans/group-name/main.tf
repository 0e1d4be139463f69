resource "terraform_data" "later" {}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "named" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name = "runners-1"

  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_autoscaling_group" "other" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name = "web"

  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_autoscaling_group" "prefixed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name_prefix = "runners-"

  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_autoscaling_group" "unnamed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_autoscaling_group" "later" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name = terraform_data.later.id

  launch_template {
    id = aws_launch_template.keyless.id
  }
}
