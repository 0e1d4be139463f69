resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "empty" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = ""
}

resource "aws_launch_template" "named" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "by-name"
  key_name      = "ops"
}

resource "aws_instance" "keyed" {
  launch_template {
    id = aws_launch_template.keyed.id
  }
}

resource "aws_instance" "keyless" {
  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_instance" "empty" {
  launch_template {
    id = aws_launch_template.empty.id
  }
}

resource "aws_instance" "own_key" {
  key_name = "mine"

  launch_template {
    id      = aws_launch_template.keyless.id
    version = "$Latest"
  }
}

resource "aws_instance" "empty_key" {
  key_name = ""

  launch_template {
    id      = aws_launch_template.keyed.id
    version = aws_launch_template.keyed.latest_version
  }
}

resource "aws_instance" "by_name" {
  launch_template {
    name = aws_launch_template.named.name
  }
}

resource "aws_instance" "elsewhere" {
  launch_template {
    id = "lt-0abcdef1234567890"
  }
}

resource "aws_instance" "elsewhere_keyed" {
  key_name = "ops"

  launch_template {
    id = "lt-0abcdef1234567890"
  }
}
