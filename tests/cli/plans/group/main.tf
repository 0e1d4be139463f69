resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "prefixed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name_prefix   = "web-"
  key_name      = "ops"
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

resource "aws_launch_configuration" "named" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  name          = "named"
  key_name      = "ops"
}

resource "aws_launch_configuration" "null" {
  image_id      = "ami-1e749f67"
  instance_type = "t3.micro"
  key_name      = null
}

resource "aws_autoscaling_group" "keyed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.keyed.id
    version = "$Latest"
  }
}

resource "aws_autoscaling_group" "keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.keyless.id
    version = "$Default"
  }
}

resource "aws_autoscaling_group" "no_version" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_autoscaling_group" "numbered" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.keyed.id
    version = "1"
  }
}

resource "aws_autoscaling_group" "attribute" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.keyed.id
    version = aws_launch_template.keyed.latest_version
  }
}

resource "aws_autoscaling_group" "default_attribute" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = aws_launch_template.keyed.id
    version = aws_launch_template.keyed.default_version
  }
}

resource "aws_autoscaling_group" "by_name" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    name = aws_launch_template.prefixed.name
  }
}

resource "aws_autoscaling_group" "config_keyed" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.keyed.name
}

resource "aws_autoscaling_group" "config_keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.keyless.id
}

resource "aws_autoscaling_group" "config_named" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.named.name
}

resource "aws_autoscaling_group" "config_null" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = aws_launch_configuration.null.name
}

resource "aws_autoscaling_group" "config_literal" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = "named"
}

resource "aws_autoscaling_group" "elsewhere" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_configuration = "web"
}

resource "aws_autoscaling_group" "template_elsewhere" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    name    = "web"
    version = "3"
  }
}
