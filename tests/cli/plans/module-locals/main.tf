resource "aws_security_group" "s" {}

resource "aws_instance" "a" {
  ami                    = "ami-0abcdef1234567890"
  instance_type          = "t3.micro"
  vpc_security_group_ids = [aws_security_group.s.id]
}

module "m" {
  source = "./m"
}

module "k" {
  source = "./m"
  name   = aws_security_group.s.id
}
