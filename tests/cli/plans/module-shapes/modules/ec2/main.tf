variable "create" {
  type    = bool
  default = true
}

variable "key_name" {
  type    = string
  default = null
}

variable "ignore_ami_changes" {
  type    = bool
  default = false
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_instance" "this" {
  count = var.create && !var.ignore_ami_changes ? 1 : 0

  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
  tags          = merge({ "Name" = "x" }, var.tags)
}

resource "aws_instance" "ignore_ami" {
  count = var.create && var.ignore_ami_changes ? 1 : 0

  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
  tags          = merge({ "Name" = "x" }, var.tags)

  lifecycle {
    ignore_changes = [ami]
  }
}
