variable "name" {
  default = null
}

locals {
  key = try(var.name, null)
}

resource "aws_instance" "a" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.key
}
