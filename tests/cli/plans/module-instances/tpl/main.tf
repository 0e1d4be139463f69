variable "key_name" {
  default = null
}

resource "aws_launch_template" "this" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  count         = 1
  key_name      = var.key_name
}

output "id" {
  value = try(aws_launch_template.this[0].id, null)
}

output "latest_version" {
  value = aws_launch_template.this[0].latest_version
}
