provider "aws" {
  default_tags {
    tags = {
      team = "data"
    }
  }
}

variable "tag" {
  type    = string
  default = "ephemeral"
}

resource "terraform_data" "later" {}

resource "aws_instance" "default_tag" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "exempt" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    purpose = "ephemeral-runner"
  }
}

resource "aws_instance" "other" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    purpose = "web"
  }
}

resource "aws_instance" "dated" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    keyless-until = "2026-12-31"
  }
}

resource "aws_instance" "lapsed" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    keyless-until = "2026-01-31"
  }
}

resource "aws_instance" "undated" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    keyless-until = "soon"
  }
}

resource "aws_instance" "unknown_exempting" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    purpose = terraform_data.later.id
  }
}

resource "aws_instance" "unknown_other" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    owner = terraform_data.later.id
  }
}

resource "aws_instance" "unknown_but_key" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
  tags = {
    purpose = terraform_data.later.id
  }
}

resource "aws_instance" "unknown_and_exempt" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    owner   = terraform_data.later.id
    purpose = "ephemeral"
  }
}

resource "aws_instance" "unknown_keys" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    for key in [terraform_data.later.id] : key => "x"
  }
}

resource "aws_instance" "volume_tag" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  volume_tags = {
    purpose = "ephemeral"
  }
}
