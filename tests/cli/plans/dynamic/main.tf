resource "terraform_data" "later" {}

variable "specifications" {
  type    = list(string)
  default = ["ops", "dev"]
}

variable "mixed" {
  type    = bool
  default = true
}

resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "mixed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  dynamic "launch_template" {
    for_each = var.mixed ? [] : [1]

    content {
      id = aws_launch_template.keyless.id
    }
  }

  dynamic "mixed_instances_policy" {
    for_each = var.mixed ? [1] : []

    content {
      launch_template {
        launch_template_specification {
          launch_template_id = aws_launch_template.keyed.id
          version            = "$Latest"
        }
      }
    }
  }
}

resource "aws_spot_fleet_request" "dynamic" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/fleet"
  target_capacity = 1

  dynamic "launch_specification" {
    for_each = var.specifications

    content {
      ami           = "ami-0abcdef1234567890"
      instance_type = "t3.micro"
      key_name      = launch_specification.value
    }
  }
}

resource "aws_autoscaling_group" "tags" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }

  dynamic "tag" {
    for_each = { purpose = "ephemeral", team = "x" }

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }
}

resource "aws_eks_node_group" "remote" {
  cluster_name    = "main"
  node_group_name = "a"
  node_role_arn   = "arn:aws:iam::123456789012:role/node"
  subnet_ids      = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  dynamic "remote_access" {
    for_each = var.specifications[0] != null ? [1] : []

    content {
      ec2_ssh_key = var.specifications[0]
    }
  }
}

resource "aws_elastic_beanstalk_environment" "dynamic" {
  name                = "dynamic-env"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  dynamic "setting" {
    for_each = { EC2KeyName = "ops", InstanceType = "t3.micro" }

    content {
      namespace = "aws:autoscaling:launchconfiguration"
      name      = setting.key
      value     = setting.value
    }
  }
}
