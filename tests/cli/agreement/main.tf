provider "aws" {
  default_tags {
    tags = {
      team = "data"
    }
  }
}

resource "aws_instance" "keyed" {
  ami           = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "keyless" {
  ami           = "ami-1e749f67"
  instance_type = "t3.micro"
}

resource "aws_instance" "other" {
  ami           = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = "dev"
}

resource "aws_instance" "exempt" {
  ami           = "ami-1e749f67"
  instance_type = "t3.micro"
  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_launch_template" "keyed" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "other" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = "dev"
}

resource "aws_launch_template" "exempt" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "instance"

    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_instance" "template_keyed" {
  launch_template {
    id = aws_launch_template.keyed.id
  }
}

resource "aws_instance" "template_keyless" {
  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_instance" "template_own" {
  key_name = "ops"

  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_instance" "template_exempt" {
  launch_template {
    id = aws_launch_template.exempt.id
  }
}

resource "aws_launch_configuration" "keyed" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_configuration" "keyless" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "keyed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name             = "keyed"
  desired_capacity = 1
  launch_template {
    id      = aws_launch_template.keyed.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name             = "keyless"
  desired_capacity = 1
  launch_template {
    id      = aws_launch_template.keyless.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "other" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name             = "other"
  desired_capacity = 1
  launch_template {
    id      = aws_launch_template.other.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "exempt" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name             = "exempt"
  desired_capacity = 1
  launch_template {
    id      = aws_launch_template.exempt.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "config_keyed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name                 = "config_keyed"
  desired_capacity     = 1
  launch_configuration = aws_launch_configuration.keyed.name
}

resource "aws_autoscaling_group" "config_keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name                 = "config_keyless"
  desired_capacity     = 1
  launch_configuration = aws_launch_configuration.keyless.name
}

resource "aws_autoscaling_group" "tagged" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name             = "tagged"
  desired_capacity = 1
  launch_template {
    id      = aws_launch_template.keyless.id
    version = "$Default"
  }

  tag {
    key                 = "purpose"
    value               = "ephemeral"
    propagate_at_launch = true
  }
}

resource "aws_autoscaling_group" "not_propagated" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name             = "not_propagated"
  desired_capacity = 1
  launch_template {
    id      = aws_launch_template.keyless.id
    version = "1"
  }

  tag {
    key                 = "purpose"
    value               = "ephemeral"
    propagate_at_launch = false
  }
}

resource "aws_autoscaling_group" "mixed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  name             = "mixed"
  desired_capacity = 1
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.keyed.id
        version            = "$Latest"
      }

      override {
        instance_type = "t3.small"
      }
    }
  }
}

resource "aws_spot_instance_request" "keyed" {
  ami                  = "ami-1e749f67"
  instance_type        = "t3.micro"
  wait_for_fulfillment = true
  key_name             = "ops"
}

resource "aws_spot_instance_request" "keyless" {
  ami                  = "ami-1e749f67"
  instance_type        = "t3.micro"
  wait_for_fulfillment = true
}

resource "aws_spot_instance_request" "tagged" {
  ami                  = "ami-1e749f67"
  instance_type        = "t3.micro"
  wait_for_fulfillment = true

  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_ec2_fleet" "keyed" {
  terminate_instances = true

  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.keyed.id
      version            = "$Latest"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 1
  }
}

resource "aws_ec2_fleet" "keyless" {
  terminate_instances = true

  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.keyless.id
      version            = "$Latest"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 1
  }
}

resource "aws_ec2_fleet" "exempt" {
  terminate_instances = true

  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.exempt.id
      version            = "$Latest"
    }
  }

  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 1
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.9.0.0/16"
}

resource "aws_subnet" "this" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "10.9.1.0/24"
}

resource "aws_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_iam_role" "this" {
  name = "launches"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "spotfleet.amazonaws.com" } }]
  })
}

resource "aws_iam_instance_profile" "this" {
  name = "launches"
  role = aws_iam_role.this.name
}

resource "aws_spot_fleet_request" "this" {
  for_each = {
    keyed   = { key = "ops", tags = null }
    keyless = { key = null, tags = null }
    exempt  = { key = null, tags = { purpose = "ephemeral" } }
  }

  iam_fleet_role  = aws_iam_role.this.arn
  target_capacity = 1

  launch_specification {
    ami           = "ami-1e749f67"
    instance_type = "t3.micro"
    key_name      = each.value.key
    subnet_id     = aws_subnet.this.id
    tags          = each.value.tags
  }
}

# Without a key pair, moto invents one.
resource "aws_batch_compute_environment" "keyed" {
  type         = "MANAGED"
  service_role = aws_iam_role.this.arn

  compute_resources {
    type               = "EC2"
    ec2_key_pair       = "ops"
    instance_role      = aws_iam_instance_profile.this.arn
    instance_type      = ["m5.large"]
    min_vcpus          = 2
    desired_vcpus      = 2
    max_vcpus          = 2
    security_group_ids = [aws_security_group.this.id]
    subnets            = [aws_subnet.this.id]
  }
}
