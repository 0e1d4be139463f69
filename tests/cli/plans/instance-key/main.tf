variable "nothing" {
  type    = string
  default = null
}

variable "key_name" {
  type    = string
  default = "ops"
}

locals {
  key_name = "ops"
  none     = null
}

resource "aws_instance" "literal" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_instance" "unset" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "null" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = null
}

resource "aws_instance" "empty" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = ""
}

resource "aws_instance" "blank" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = " "
}

resource "aws_instance" "null_variable" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.nothing
}

resource "aws_instance" "variable" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
}

resource "aws_instance" "local" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.key_name
}

resource "aws_instance" "null_local" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = local.none
}

resource "aws_instance" "conditional_null" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name == "other" ? "ops" : null
}

resource "aws_instance" "conditional_key" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name == "ops" ? "ops" : null
}

resource "aws_instance" "coalesced" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = coalesce(var.nothing, "ops")
}

resource "aws_instance" "tried" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = try(var.nothing.name, null)
}

resource "aws_instance" "function" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "x-${uuid()}"
}

resource "aws_instance" "stamped" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = timestamp()
}

resource "aws_instance" "counted" {
  count = 2

  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = count.index == 0 ? "ops" : null
}

resource "aws_instance" "each" {
  for_each = { a = "ops", b = "", c = null }

  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = each.value
}
