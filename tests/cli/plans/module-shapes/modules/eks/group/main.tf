variable "name" {
  type = string
}

variable "key_name" {
  type    = string
  default = null
}

resource "aws_launch_template" "this" {
  count = 1

  name_prefix = "eks-${var.name}-"
  key_name    = var.key_name
}

resource "aws_eks_node_group" "this" {
  cluster_name           = "main"
  node_group_name_prefix = "${var.name}-"
  node_role_arn          = "arn:aws:iam::123456789012:role/node"
  subnet_ids             = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  launch_template {
    id      = aws_launch_template.this[0].id
    version = aws_launch_template.this[0].latest_version
  }
}
