resource "aws_launch_template" "mixed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "mixed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.mixed.id
        version            = "$Latest"
      }

      override {
        instance_type = "t3.small"
      }
    }
  }
}

resource "aws_launch_template" "pinned" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "pinned" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.pinned.id
        version            = "1"
      }

      override {
        instance_type = "t3.small"
      }
    }
  }
}

resource "aws_launch_template" "default_version" {
  image_id        = "ami-0abcdef1234567890"
  instance_type   = "t3.micro"
  default_version = 2
}

resource "aws_autoscaling_group" "default_version" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.default_version.id
    version = "$Default"
  }
}

resource "aws_launch_template" "scaled" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "scaled" {
  availability_zones = ["eu-central-1a"]
  max_size           = 3
  min_size           = 0

  launch_template {
    id      = aws_launch_template.scaled.id
    version = "$Default"
  }
}

resource "aws_launch_template" "unversioned" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "unversioned" {
  availability_zones = ["eu-central-1a"]
  max_size           = 3
  min_size           = 0

  launch_template {
    id = aws_launch_template.unversioned.id
  }
}

resource "aws_launch_template" "box" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "box" {
  tags = {
    a = "b"
  }

  launch_template {
    id = aws_launch_template.box.id
  }
}

resource "aws_launch_template" "again" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "again" {
  launch_template {
    id = aws_launch_template.again.id
  }
}

resource "aws_launch_template" "exempt" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "exempt" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.exempt.id
    version = "$Latest"
  }

  tag {
    key                 = "purpose"
    value               = "ephemeral"
    propagate_at_launch = true
  }
}
