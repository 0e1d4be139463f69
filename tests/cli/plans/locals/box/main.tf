variable "key_name" {
  type    = string
  default = null
}

locals {
  key_name = var.key_name != "" ? var.key_name : null
}

resource "aws_instance" "this" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.key_name
}
