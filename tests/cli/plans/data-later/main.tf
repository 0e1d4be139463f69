resource "terraform_data" "x" {}

resource "aws_launch_template" "unrelated" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

data "aws_launch_template" "later" {
  name = "x-${terraform_data.x.id}"
}

data "aws_launch_template" "dep" {
  name       = "somewhere"
  depends_on = [terraform_data.x]
}

resource "aws_autoscaling_group" "later" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = data.aws_launch_template.later.id
  }
}

resource "aws_autoscaling_group" "dep" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    name = data.aws_launch_template.dep.name
  }
}

module "m" {
  source = "./m"
  id     = data.aws_launch_template.later.id
}

resource "aws_instance" "i" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  launch_template {
    id = data.aws_launch_template.later.id
  }
}

resource "aws_instance" "ik" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "x"
  launch_template {
    id = data.aws_launch_template.later.id
  }
}
