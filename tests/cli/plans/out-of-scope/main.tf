resource "aws_lightsail_instance" "x" {
  name              = "box"
  availability_zone = "eu-central-1a"
  blueprint_id      = "amazon_linux_2"
  bundle_id         = "nano_2_0"
}

resource "aws_sagemaker_notebook_instance" "x" {
  name          = "x"
  role_arn      = "arn:aws:iam::123456789012:role/sagemaker"
  instance_type = "ml.t2.medium"
}

resource "aws_ecs_capacity_provider" "x" {
  name = "x"

  auto_scaling_group_provider {
    auto_scaling_group_arn = "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:a:autoScalingGroupName/x"
  }
}

resource "aws_cloudformation_stack" "x" {
  name          = "x"
  template_body = jsonencode({ Resources = { I = { Type = "AWS::EC2::Instance", Properties = { ImageId = "ami-0abcdef1234567890" } } } })
}

resource "aws_cloud9_environment_ec2" "x" {
  name          = "x"
  instance_type = "t3.micro"
  image_id      = "amazonlinux-2023-x86_64"
}

resource "aws_key_pair" "x" {
  key_name   = "ops"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0bcf1Q2xY7m3mDJhNo9sJQ4tG7u0eVYVEJ4YQ4n0xF"
}
