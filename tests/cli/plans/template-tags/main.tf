resource "terraform_data" "later" {}

resource "aws_launch_template" "unknown" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "instance"

    tags = {
      purpose = terraform_data.later.id
    }
  }
}

resource "aws_autoscaling_group" "unknown" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.unknown.id
  }
}

resource "aws_launch_template" "other" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "instance"

    tags = {
      team = terraform_data.later.id
    }
  }
}

resource "aws_autoscaling_group" "other" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.other.id
  }
}

resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"

  tag_specifications {
    resource_type = "instance"

    tags = {
      purpose = terraform_data.later.id
    }
  }
}

resource "aws_autoscaling_group" "keyed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyed.id
  }
}

resource "aws_launch_template" "type" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = terraform_data.later.id

    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_autoscaling_group" "type" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.type.id
  }
}

resource "aws_launch_template" "version" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_autoscaling_group" "version" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.version.id
    version = terraform_data.later.id
  }
}
