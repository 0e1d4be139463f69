resource "aws_instance" "keyless" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_ec2_tag" "late" {
  resource_id = aws_instance.keyless.id
  key         = "a"
  value       = "b"
}
