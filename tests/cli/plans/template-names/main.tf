resource "aws_launch_template" "a" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "tpl-a"
  key_name      = "ops"
}

resource "aws_launch_template" "b" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "tpl-b"
}

resource "aws_launch_template" "p" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name_prefix   = "pre-"
}

resource "aws_autoscaling_group" "lit" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    name = "tpl-b"
  }
}

resource "aws_autoscaling_group" "litv" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    name    = "tpl-a"
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "ref" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    name    = aws_launch_template.b.name
    version = aws_launch_template.b.latest_version
  }
}

resource "aws_autoscaling_group" "pre" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    name = aws_launch_template.p.name
  }
}

resource "aws_autoscaling_group" "gone" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    name = "elsewhere"
  }
}

resource "aws_autoscaling_group" "mix" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_name = "tpl-a"
      }
    }
  }
}

resource "aws_autoscaling_group" "mixo" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_name = aws_launch_template.a.name
      }
      override {
        instance_type = "m5.large"
        launch_template_specification {
          launch_template_name = aws_launch_template.b.name
        }
      }
    }
  }
}

resource "aws_autoscaling_group" "mixid" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.a.id
      }
      override {
        instance_type = "m5.large"
        launch_template_specification {
          launch_template_name = "tpl-b"
        }
      }
    }
  }
}

resource "aws_instance" "lit" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  launch_template {
    name = "tpl-b"
  }
}

resource "aws_instance" "ref" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  launch_template {
    name = aws_launch_template.a.name
  }
}

resource "aws_eks_node_group" "lit" {
  cluster_name    = "c"
  node_group_name = "lit"
  node_role_arn   = "arn:aws:iam::123456789012:role/n"
  subnet_ids      = ["subnet-12345678"]
  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }
  launch_template {
    name    = "tpl-b"
    version = "1"
  }
}

resource "aws_eks_node_group" "ref" {
  cluster_name    = "c"
  node_group_name = "ref"
  node_role_arn   = "arn:aws:iam::123456789012:role/n"
  subnet_ids      = ["subnet-12345678"]
  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }
  launch_template {
    name    = aws_launch_template.a.name
    version = aws_launch_template.a.latest_version
  }
}

resource "aws_ec2_fleet" "lit" {
  launch_template_config {
    launch_template_specification {
      launch_template_name = "tpl-b"
      version              = "$Latest"
    }
  }
  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 0
  }
}

resource "aws_ec2_fleet" "ref" {
  launch_template_config {
    launch_template_specification {
      launch_template_name = aws_launch_template.a.name
      version              = "1"
    }
  }
  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 0
  }
}

resource "aws_gamelift_game_server_group" "g" {
  game_server_group_name = "g"
  max_size               = 1
  min_size               = 1
  role_arn               = "arn:aws:iam::123456789012:role/x"
  instance_definition {
    instance_type = "c5.large"
  }
  instance_definition {
    instance_type = "c5a.large"
  }
  launch_template {
    name = "tpl-b"
  }
}
