resource "aws_launch_template" "a" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "tpl-a"
  key_name      = "ops"
}

resource "aws_launch_template" "new" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "tpl-new"
}

resource "aws_autoscaling_group" "id" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-id"
  launch_template {
    id = aws_launch_template.new.id
  }
}

resource "aws_autoscaling_group" "idv" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-idv"
  launch_template {
    id      = aws_launch_template.new.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "name" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-name"
  launch_template {
    name = aws_launch_template.new.name
  }
}

resource "aws_autoscaling_group" "mix" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-mix"
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.new.id
      }
    }
  }
}

resource "aws_autoscaling_group" "dyn" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-dyn"
  dynamic "launch_template" {
    for_each = [1]
    content {
      id = aws_launch_template.new.id
    }
  }
}

resource "aws_autoscaling_group" "dynmix" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-dynmix"
  dynamic "mixed_instances_policy" {
    for_each = [1]
    content {
      launch_template {
        launch_template_specification {
          launch_template_id = aws_launch_template.new.id
        }
      }
    }
  }
}

resource "aws_autoscaling_group" "dyntomix" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-dyntomix"
  dynamic "mixed_instances_policy" {
    for_each = [1]
    content {
      launch_template {
        launch_template_specification {
          launch_template_id = aws_launch_template.new.id
        }
      }
    }
  }
}

resource "aws_autoscaling_group" "dynfrommix" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-dynfrommix"
  dynamic "launch_template" {
    for_each = [1]
    content {
      id = aws_launch_template.new.id
    }
  }
}

resource "aws_autoscaling_group" "other" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp-other"
  dynamic "launch_template" {
    for_each = [1]
    content {
      id = aws_launch_template.a.id
    }
  }
  default_cooldown = 100
}
