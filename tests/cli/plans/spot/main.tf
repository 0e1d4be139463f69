variable "key_name" {
  type    = string
  default = null
}

resource "terraform_data" "later" {}

resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

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

resource "aws_spot_instance_request" "keyed" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_spot_instance_request" "keyless" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_spot_instance_request" "tagged" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"

  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_spot_instance_request" "null_variable" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
}

resource "aws_spot_fleet_request" "keyed" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"
    key_name      = "ops"
  }
}

resource "aws_spot_fleet_request" "keyless" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"
  }
}

resource "aws_spot_fleet_request" "one_of_two" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.small"
    key_name      = "ops"
  }

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"
  }
}

resource "aws_spot_fleet_request" "one_unknown" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.small"
    key_name      = "ops"
  }

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"
    key_name      = terraform_data.later.id
  }
}

resource "aws_spot_fleet_request" "exempt" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"

    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_spot_fleet_request" "one_exempt" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"

    tags = {
      purpose = "ephemeral"
    }
  }

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.small"
  }
}

resource "aws_spot_fleet_request" "request_tag" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"
  }

  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_spot_fleet_request" "template" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_template_config {
    launch_template_specification {
      id      = aws_launch_template.keyed.id
      version = aws_launch_template.keyed.latest_version
    }
  }
}

resource "aws_spot_fleet_request" "template_keyless" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_template_config {
    launch_template_specification {
      id      = aws_launch_template.keyless.id
      version = aws_launch_template.keyless.latest_version
    }
  }
}

resource "aws_spot_fleet_request" "template_exempt" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_template_config {
    launch_template_specification {
      id      = aws_launch_template.tagged.id
      version = aws_launch_template.tagged.latest_version
    }
  }
}

resource "aws_spot_fleet_request" "templates" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  launch_template_config {
    launch_template_specification {
      id      = aws_launch_template.keyed.id
      version = aws_launch_template.keyed.latest_version
    }
  }

  launch_template_config {
    launch_template_specification {
      id      = aws_launch_template.keyless.id
      version = aws_launch_template.keyless.latest_version
    }
  }
}

resource "aws_ec2_fleet" "keyed" {
  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.keyed.id
      version            = "$Latest"
    }

    override {
      instance_type = "t3.micro"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "spot"
    total_target_capacity        = 1
  }
}

resource "aws_ec2_fleet" "keyless" {
  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.keyless.id
      version            = "$Latest"
    }

    override {
      instance_type = "t3.micro"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "spot"
    total_target_capacity        = 1
  }
}

resource "aws_ec2_fleet" "tagged" {
  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.tagged.id
      version            = "1"
    }

    override {
      instance_type = "t3.micro"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "spot"
    total_target_capacity        = 1
  }
}

resource "aws_ec2_fleet" "own_tags" {
  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.keyless.id
      version            = "$Latest"
    }

    override {
      instance_type = "t3.micro"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "spot"
    total_target_capacity        = 1
  }

  tags = {
    purpose = "ephemeral"
  }
}
