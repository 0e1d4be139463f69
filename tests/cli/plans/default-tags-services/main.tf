provider "aws" {
  default_tags {
    tags = { purpose = "ephemeral" }
  }
}

resource "aws_launch_template" "t" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_emr_cluster" "c" {
  name          = "c"
  release_label = "emr-6.10.0"
  service_role  = "r"
  master_instance_group {
    instance_type = "m5.xlarge"
  }
}

resource "aws_emr_instance_group" "g" {
  cluster_id    = aws_emr_cluster.c.id
  instance_type = "m5.xlarge"
}

resource "aws_elastic_beanstalk_environment" "e" {
  name                = "env-e"
  application         = "a"
  solution_stack_name = "64bit Amazon Linux 2023 v4.0.0 running Python 3.11"
}

resource "aws_eks_node_group" "n" {
  cluster_name    = "c"
  node_group_name = "n"
  node_role_arn   = "arn:aws:iam::123456789012:role/n"
  subnet_ids      = ["subnet-12345678"]
  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 1
  }
}

resource "aws_autoscaling_group" "g" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  launch_template {
    id = aws_launch_template.t.id
  }
}

resource "aws_ec2_fleet" "f" {
  launch_template_config {
    launch_template_specification {
      launch_template_id = aws_launch_template.t.id
      version            = "1"
    }
  }
  target_capacity_specification {
    default_target_capacity_type = "on-demand"
    total_target_capacity        = 0
  }
}

resource "aws_spot_instance_request" "s" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "i" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_instance" "over" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tags          = { purpose = "" }
}

resource "aws_instance" "tpl" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  launch_template {
    id = aws_launch_template.t.id
  }
}

resource "aws_imagebuilder_infrastructure_configuration" "n" {
  name                  = "n"
  instance_profile_name = "p"
}

resource "aws_batch_compute_environment" "b" {
  type = "MANAGED"
  compute_resources {
    type               = "EC2"
    instance_role      = "arn:aws:iam::123456789012:instance-profile/x"
    instance_type      = ["optimal"]
    max_vcpus          = 1
    security_group_ids = ["sg-12345678"]
    subnets            = ["subnet-12345678"]
  }
}

resource "aws_launch_template" "lone" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_spot_fleet_request" "f" {
  iam_fleet_role  = "arn:aws:iam::123456789012:role/x"
  target_capacity = 1
  launch_specification {
    ami           = "ami-0abcdef1234567890"
    instance_type = "t3.micro"
  }
}
