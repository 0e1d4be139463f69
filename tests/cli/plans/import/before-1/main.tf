resource "aws_instance" "old" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"

  tags = {
    Name = "old"
  }
}

resource "aws_launch_template" "old" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "old"
}
