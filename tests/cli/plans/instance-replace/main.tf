resource "aws_instance" "keyless" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "keyed" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "moved_to" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

moved {
  from = aws_instance.moved_from
  to   = aws_instance.moved_to
}
