resource "aws_instance" "same" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "tagged" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "replaced_keyless" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "loses" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "gains" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "gone" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "ignored" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"

  lifecycle {
    ignore_changes = [key_name]
  }
}

resource "aws_instance" "kept" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "emptied" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "forgotten" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}
