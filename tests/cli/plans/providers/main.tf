provider "aws" {}

provider "aws" {
  alias  = "lab"
  region = "eu-west-1"

  default_tags {
    tags = {
      purpose = "ephemeral"
    }
  }
}

variable "purpose" {
  type    = string
  default = "ephemeral"
}

provider "aws" {
  alias = "variable"

  default_tags {
    tags = {
      purpose = var.purpose
    }
  }
}

module "plain" {
  source = "./box"
}

module "lab" {
  source = "./box"

  providers = {
    aws = aws.lab
  }
}

module "variable" {
  source = "./box"

  providers = {
    aws = aws.variable
  }
}

resource "aws_instance" "plain" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "lab" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  provider      = aws.lab
}

resource "aws_instance" "variable" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  provider      = aws.variable
}

resource "aws_instance" "web" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  provider      = aws.lab

  tags = {
    purpose = "web"
  }
}
