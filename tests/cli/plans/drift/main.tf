resource "aws_instance" "keyless" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  lifecycle {
    ignore_changes = [tags, tags_all]
  }
}

resource "aws_instance" "new" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}
