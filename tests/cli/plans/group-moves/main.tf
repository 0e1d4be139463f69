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

resource "aws_launch_configuration" "c" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  name          = "lc-c"
  key_name      = "ops"
}

resource "aws_launch_configuration" "d" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  name          = "lc-d"
}

resource "aws_autoscaling_group" "name" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-name"
  launch_template {
    name = "tpl-b"
  }
}

resource "aws_autoscaling_group" "id" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-id"
  launch_template {
    id = aws_launch_template.b.id
  }
}

resource "aws_autoscaling_group" "tomixed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-tomixed"
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.b.id
      }
    }
  }
}

resource "aws_autoscaling_group" "frommixed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-frommixed"
  launch_template {
    id = aws_launch_template.b.id
  }
}

resource "aws_autoscaling_group" "tolc" {
  availability_zones   = ["eu-central-1a"]
  max_size             = 1
  min_size             = 0
  name                 = "grp-tolc"
  launch_configuration = aws_launch_configuration.d.name
}

resource "aws_autoscaling_group" "fromlc" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-fromlc"
  launch_template {
    id = aws_launch_template.b.id
  }
}

resource "aws_autoscaling_group" "mixname" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-mixname"
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_name = "tpl-b"
      }
    }
  }
}

resource "aws_autoscaling_group" "same" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-same"
  launch_template {
    id = aws_launch_template.b.id
  }
  default_cooldown = 100
}

resource "aws_autoscaling_group" "nameid" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-nameid"
  launch_template {
    id = aws_launch_template.b.id
  }
}

resource "aws_autoscaling_group" "noop" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-noop"
  launch_template {
    name = aws_launch_template.b.name
  }
}
