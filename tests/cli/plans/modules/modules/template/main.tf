variable "key_name" {
  type    = string
  default = null
}

variable "tags" {
  type    = map(string)
  default = {}
}

resource "aws_launch_template" "this" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
}

output "id" {
  value = aws_launch_template.this.id
}

output "version" {
  value = aws_launch_template.this.latest_version
}
