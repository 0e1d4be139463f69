resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_eks_node_group" "remote" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name = "a"

  remote_access {
    ec2_ssh_key = "ops"
  }
}

resource "aws_eks_node_group" "bare" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name = "b"
}

resource "aws_eks_node_group" "empty_remote" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name = "c"

  remote_access {}
}

resource "aws_eks_node_group" "template" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name = "d"

  launch_template {
    id      = aws_launch_template.keyed.id
    version = aws_launch_template.keyed.latest_version
  }
}

resource "aws_eks_node_group" "template_keyless" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name = "e"

  launch_template {
    id      = aws_launch_template.keyless.id
    version = aws_launch_template.keyless.latest_version
  }
}

resource "aws_eks_node_group" "by_name" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name = "runners-1"
}

resource "aws_eks_node_group" "by_prefix" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name_prefix = "runners-"
}

resource "aws_eks_node_group" "tagged" {
  cluster_name  = "main"
  node_role_arn = "arn:aws:iam::123456789012:role/node"
  subnet_ids    = ["subnet-0abcdef1234567890"]

  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }

  node_group_name = "f"

  tags = {
    "eks:nodegroup-name" = "runners-x"
  }
}

resource "aws_eks_fargate_profile" "serverless" {
  cluster_name           = "main"
  fargate_profile_name   = "x"
  pod_execution_role_arn = "arn:aws:iam::123456789012:role/pod"
  subnet_ids             = ["subnet-0abcdef1234567890"]

  selector {
    namespace = "default"
  }
}

resource "aws_eks_cluster" "auto" {
  name                          = "auto"
  role_arn                      = "arn:aws:iam::123456789012:role/cluster"
  bootstrap_self_managed_addons = false

  compute_config {
    enabled       = true
    node_pools    = ["general-purpose"]
    node_role_arn = "arn:aws:iam::123456789012:role/node"
  }

  kubernetes_network_config {
    elastic_load_balancing {
      enabled = true
    }
  }

  storage_config {
    block_storage {
      enabled = true
    }
  }

  access_config {
    authentication_mode = "API"
  }

  vpc_config {
    subnet_ids = ["subnet-0abcdef1234567890", "subnet-0abcdef1234567891"]
  }
}
