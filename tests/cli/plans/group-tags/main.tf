resource "terraform_data" "later" {}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "tagged" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "instance"

    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_launch_template" "volume_tagged" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "volume"

    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_launch_template" "own_tag" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_autoscaling_group" "propagated" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }

  tag {
    key                 = "purpose"
    value               = "ephemeral"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_group" "kept" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }

  tag {
    key                 = "purpose"
    value               = "ephemeral"
    propagate_at_launch = false
  }
}

resource "aws_autoscaling_group" "template" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.tagged.id
  }
}

resource "aws_autoscaling_group" "overridden" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.tagged.id
  }

  tag {
    key                 = "purpose"
    value               = "web"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_group" "not_overridden" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.tagged.id
  }

  tag {
    key                 = "purpose"
    value               = "web"
    propagate_at_launch = false
  }
}

resource "aws_autoscaling_group" "volume" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.volume_tagged.id
  }
}

resource "aws_autoscaling_group" "of_template" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.own_tag.id
  }
}

resource "aws_autoscaling_group" "unknown" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }

  tag {
    key                 = "purpose"
    value               = terraform_data.later.id
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_group" "unknown_key" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }

  tag {
    key                 = terraform_data.later.id
    value               = "ephemeral"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_group" "unknown_flag" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }

  tag {
    key                 = "purpose"
    value               = "ephemeral"
    propagate_at_launch = terraform_data.later.id == "x"
  }
}

resource "aws_autoscaling_group" "unknown_not_propagated" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }

  tag {
    key                 = "purpose"
    value               = terraform_data.later.id
    propagate_at_launch = false
  }
}
