resource "aws_instance" "keyless" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  lifecycle {
    postcondition {
      condition     = self.ami == "x"
      error_message = "No."
    }
  }
}

resource "aws_instance" "keyed" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}
