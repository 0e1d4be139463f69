resource "aws_instance" "chosen" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "left" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

check "always" {
  assert {
    condition     = aws_instance.chosen.id == "x"
    error_message = "Never."
  }
}
