resource "aws_launch_template" "latest" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "standard" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "numbered" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "attribute" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "bumped" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "by_name" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "promoted" {
  image_id               = "ami-0abcdef1234567890"
  instance_type          = "t3.micro"
  key_name               = "ops"
  update_default_version = true
}

resource "aws_launch_template" "unversioned" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "unused" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "unused_same" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "overdue" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "latest" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.latest.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "standard" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.standard.id
    version = "$Default"
  }
}

resource "aws_autoscaling_group" "numbered" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.numbered.id
    version = "1"
  }
}

resource "aws_autoscaling_group" "attribute" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.attribute.id
    version = aws_launch_template.attribute.latest_version
  }
}

resource "aws_autoscaling_group" "promoted" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.promoted.id
    version = "$Default"
  }
}

resource "aws_autoscaling_group" "unversioned" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.unversioned.id
  }
}

resource "aws_autoscaling_group" "overdue" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.overdue.id
    version = "$Latest"
  }
}
