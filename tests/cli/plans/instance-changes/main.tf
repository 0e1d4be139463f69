resource "aws_instance" "same" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "tagged" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags = {
    a = "b"
  }
}

resource "aws_instance" "replaced_keyless" {
  ami           = "ami-0fedcba9876543210"
  instance_type = "t3.micro"
}

resource "aws_instance" "loses" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = null
}

resource "aws_instance" "gains" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "ignored" {
  ami           = "ami-0fedcba9876543210"
  instance_type = "t3.micro"
  key_name      = "other"

  lifecycle {
    ignore_changes = [key_name]
  }
}

resource "aws_instance" "kept" {
  ami           = "ami-0fedcba9876543210"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "emptied" {
  ami           = "ami-0fedcba9876543210"
  instance_type = "t3.micro"
  key_name      = ""
}

removed {
  from = aws_instance.forgotten

  lifecycle {
    destroy = false
  }
}
