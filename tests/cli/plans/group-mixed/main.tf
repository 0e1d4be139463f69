resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "arm" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "arm"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_autoscaling_group" "plain" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.keyed.id
        version            = "$Latest"
      }

      override {
        instance_type = "t3.micro"
      }

      override {
        instance_type = "t3.small"
      }
    }
  }
}

resource "aws_autoscaling_group" "keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.keyless.id
        version            = "$Latest"
      }

      override {
        instance_type = "t3.micro"
      }
    }
  }
}

resource "aws_autoscaling_group" "override_keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.keyed.id
        version            = "$Latest"
      }

      override {
        instance_type = "t3.micro"
      }

      override {
        instance_type = "t4g.micro"

        launch_template_specification {
          launch_template_id = aws_launch_template.keyless.id
          version            = "$Latest"
        }
      }
    }
  }
}

resource "aws_autoscaling_group" "override_keyed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.keyed.id
        version            = "$Latest"
      }

      override {
        instance_type = "t3.micro"
      }

      override {
        instance_type = "t4g.micro"

        launch_template_specification {
          launch_template_id = aws_launch_template.arm.id
          version            = "$Latest"
        }
      }
    }
  }
}

resource "aws_autoscaling_group" "base_keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.keyless.id
        version            = "$Latest"
      }

      override {
        instance_type = "t3.micro"
      }

      override {
        instance_type = "t4g.micro"

        launch_template_specification {
          launch_template_id = aws_launch_template.arm.id
          version            = "$Latest"
        }
      }
    }
  }
}

resource "aws_autoscaling_group" "no_override" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.keyless.id
        version            = "$Latest"
      }


    }
  }
}
