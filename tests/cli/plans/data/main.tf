data "aws_caller_identity" "me" {}

resource "terraform_data" "later" {}

resource "aws_instance" "from_data" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = data.aws_caller_identity.me.account_id
}

data "aws_launch_template" "existing" {
  name = "existing"
}

data "aws_launch_template" "keyless" {
  name = "keyless"
}

resource "aws_autoscaling_group" "keyless" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = data.aws_launch_template.keyless.id
    version = "$Latest"
  }
}

resource "aws_instance" "of_template" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = data.aws_launch_template.existing.key_name
}

resource "aws_autoscaling_group" "latest" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0

  launch_template {
    id      = data.aws_launch_template.existing.id
    version = data.aws_launch_template.existing.latest_version
  }
}

data "aws_key_pair" "later" {
  filter {
    name   = "tag:x"
    values = [terraform_data.later.id]
  }
}

resource "aws_instance" "deferred" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = data.aws_key_pair.later.key_name
}
