variable "key_name" {
  type = string
}

locals {
  id = try(aws_launch_template.this[0].id, null)
}

resource "aws_launch_template" "this" {
  count    = 1
  key_name = var.key_name
}

output "id" {
  value = local.id
}
