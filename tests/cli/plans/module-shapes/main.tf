module "asg" {
  source = "./modules/asg"
}

module "asg_keyed" {
  source = "./modules/asg"

  key_name = "ops"
}

module "asg_mixed" {
  source = "./modules/asg"

  use_mixed = true
}

module "asg_exempt" {
  source = "./modules/asg"

  tags = {
    purpose = "ephemeral"
  }
}

module "asg_elsewhere" {
  source = "./modules/asg"

  create_launch_template = false
  launch_template_id     = "lt-0abcdef1234567890"
}

module "ec2" {
  source = "./modules/ec2"
}

module "ec2_keyed" {
  source = "./modules/ec2"

  key_name = "ops"
}

module "ec2_ignoring" {
  source = "./modules/ec2"

  ignore_ami_changes = true
}

module "ec2_exempt" {
  source = "./modules/ec2"

  tags = {
    purpose = "ephemeral"
  }
}

module "ec2_off" {
  source = "./modules/ec2"

  create = false
}

module "eks" {
  source = "./modules/eks"

  groups = {
    a = {}
    b = {
      key_name = "ops"
    }
  }
}

module "eks_defaults" {
  source = "./modules/eks"

  groups = {
    a = {}
  }

  defaults = {
    key_name = "ops"
  }
}
