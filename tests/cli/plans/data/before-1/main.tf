resource "aws_launch_template" "existing" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "existing"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "keyless"
}

