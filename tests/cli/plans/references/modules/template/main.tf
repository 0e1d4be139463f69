variable "key_name" {
  type    = string
  default = null
}

resource "aws_launch_template" "this" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = var.key_name
}

output "template" {
  value = aws_launch_template.this
}

output "settings" {
  value = {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }
}

output "maybe" {
  value = try(aws_launch_template.this.id, null)
}
