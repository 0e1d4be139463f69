variable "key_name" {
  type    = string
  default = null
}

resource "terraform_data" "later" {}

resource "aws_launch_template" "keyed" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = "ops"
}

resource "aws_launch_template" "keyless" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
}

resource "aws_launch_template" "tagged" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  tag_specifications {
    resource_type = "instance"

    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_batch_compute_environment" "keyed" {
  compute_environment_name = "keyed"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0
    ec2_key_pair       = "ops"
  }
}

resource "aws_batch_compute_environment" "keyless" {
  compute_environment_name = "keyless"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0

  }
}

resource "aws_batch_compute_environment" "null" {
  compute_environment_name = "null"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0
    ec2_key_pair       = var.key_name
  }
}

resource "aws_batch_compute_environment" "template" {
  compute_environment_name = "template"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0

    launch_template {
      launch_template_id = aws_launch_template.keyed.id
    }
  }
}

resource "aws_batch_compute_environment" "template_keyless" {
  compute_environment_name = "template-keyless"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0

    launch_template {
      launch_template_id = aws_launch_template.keyless.id
    }
  }
}

resource "aws_batch_compute_environment" "template_tagged" {
  compute_environment_name = "template-tagged"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0

    launch_template {
      launch_template_id = aws_launch_template.tagged.id
    }
  }
}

resource "aws_batch_compute_environment" "both" {
  compute_environment_name = "both"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0
    ec2_key_pair       = "ops"

    launch_template {
      launch_template_id = aws_launch_template.keyless.id
    }
  }
}

resource "aws_batch_compute_environment" "tagged" {
  compute_environment_name = "tagged"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "EC2"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0
    tags = {
      purpose = "ephemeral"
    }
  }
}

resource "aws_batch_compute_environment" "spot" {
  compute_environment_name = "spot"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "SPOT"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]
    instance_role      = "arn:aws:iam::123456789012:instance-profile/ecs"
    instance_type      = ["optimal"]
    min_vcpus          = 0

  }
}

resource "aws_batch_compute_environment" "serverless" {
  compute_environment_name = "serverless"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "FARGATE"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]

  }
}

resource "aws_batch_compute_environment" "serverless_spot" {
  compute_environment_name = "serverless-spot"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "MANAGED"

  compute_resources {
    type               = "FARGATE_SPOT"
    max_vcpus          = 4
    security_group_ids = ["sg-0abcdef1234567890"]
    subnets            = ["subnet-0abcdef1234567890"]

  }
}

resource "aws_batch_compute_environment" "unmanaged" {
  compute_environment_name = "unmanaged"
  service_role             = "arn:aws:iam::123456789012:role/batch"
  type                     = "UNMANAGED"


}

resource "aws_emr_cluster" "keyed" {
  name          = "keyed"
  release_label = "emr-7.0.0"
  service_role  = "arn:aws:iam::123456789012:role/emr"

  ec2_attributes {
    instance_profile = "arn:aws:iam::123456789012:instance-profile/emr"
    subnet_id        = "subnet-0abcdef1234567890"
    key_name         = "ops"
  }

  master_instance_group {
    instance_type = "m5.xlarge"
  }
}

resource "aws_emr_cluster" "keyless" {
  name          = "keyless"
  release_label = "emr-7.0.0"
  service_role  = "arn:aws:iam::123456789012:role/emr"

  ec2_attributes {
    instance_profile = "arn:aws:iam::123456789012:instance-profile/emr"
    subnet_id        = "subnet-0abcdef1234567890"

  }

  master_instance_group {
    instance_type = "m5.xlarge"
  }
}

resource "aws_emr_cluster" "exempt" {
  name          = "exempt"
  release_label = "emr-7.0.0"
  service_role  = "arn:aws:iam::123456789012:role/emr"

  ec2_attributes {
    instance_profile = "arn:aws:iam::123456789012:instance-profile/emr"
    subnet_id        = "subnet-0abcdef1234567890"

  }

  master_instance_group {
    instance_type = "m5.xlarge"
  }

  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_emr_instance_group" "keyed" {
  cluster_id    = aws_emr_cluster.keyed.id
  instance_type = "m5.xlarge"
}

resource "aws_emr_instance_group" "keyless" {
  cluster_id    = aws_emr_cluster.keyless.id
  instance_type = "m5.xlarge"
}

resource "aws_emr_instance_group" "exempt" {
  cluster_id    = aws_emr_cluster.exempt.id
  instance_type = "m5.xlarge"
}

resource "aws_emr_instance_group" "elsewhere" {
  cluster_id    = "j-1ABCDEFGHIJKL"
  instance_type = "m5.xlarge"
}

resource "aws_emr_instance_fleet" "keyed" {
  cluster_id                = aws_emr_cluster.keyed.id
  target_on_demand_capacity = 1

  instance_type_configs {
    instance_type = "m5.xlarge"
  }
}

resource "aws_emr_instance_fleet" "keyless" {
  cluster_id                = aws_emr_cluster.keyless.id
  target_on_demand_capacity = 1

  instance_type_configs {
    instance_type = "m5.xlarge"
  }
}

resource "aws_elastic_beanstalk_environment" "keyed" {
  name                = "keyed-env"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  setting {
    namespace = "aws:autoscaling:launchconfiguration"
    name      = "EC2KeyName"
    value     = "ops"
  }

}

resource "aws_elastic_beanstalk_environment" "keyless" {
  name                = "keyless-env"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  setting {
    namespace = "aws:autoscaling:launchconfiguration"
    name      = "InstanceType"
    value     = "t3.micro"
  }

}

resource "aws_elastic_beanstalk_environment" "empty" {
  name                = "empty-env"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  setting {
    namespace = "aws:autoscaling:launchconfiguration"
    name      = "EC2KeyName"
    value     = ""
  }

}

resource "aws_elastic_beanstalk_environment" "other_namespace" {
  name                = "other-namespace-env"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  setting {
    namespace = "aws:elasticbeanstalk:application:environment"
    name      = "EC2KeyName"
    value     = "ops"
  }

}

resource "aws_elastic_beanstalk_environment" "later" {
  name                = "later-env"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  setting {
    namespace = "aws:autoscaling:launchconfiguration"
    name      = "EC2KeyName"
    value     = terraform_data.later.id
  }

}

resource "aws_elastic_beanstalk_environment" "exempt" {
  name                = "exempt-env"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_elastic_beanstalk_environment" "template" {
  name          = "template-env"
  application   = "app"
  template_name = "saved"
}

resource "aws_imagebuilder_infrastructure_configuration" "keyed" {
  name                  = "keyed"
  instance_profile_name = "builder"
  key_pair              = "ops"
}

resource "aws_imagebuilder_infrastructure_configuration" "keyless" {
  name                  = "keyless"
  instance_profile_name = "builder"
}

resource "aws_imagebuilder_infrastructure_configuration" "exempt" {
  name                  = "exempt"
  instance_profile_name = "builder"

  resource_tags = {
    purpose = "ephemeral"
  }
}

resource "aws_imagebuilder_infrastructure_configuration" "own_tags" {
  name                  = "own-tags"
  instance_profile_name = "builder"

  tags = {
    purpose = "ephemeral"
  }
}

resource "aws_gamelift_game_server_group" "keyed" {
  game_server_group_name = "keyed"
  max_size               = 1
  min_size               = 1
  role_arn               = "arn:aws:iam::123456789012:role/gamelift"

  instance_definition {
    instance_type = "c5.large"
  }

  instance_definition {
    instance_type = "c5a.large"
  }

  launch_template {
    id = aws_launch_template.keyed.id
  }
}

resource "aws_gamelift_game_server_group" "keyless" {
  game_server_group_name = "keyless"
  max_size               = 1
  min_size               = 1
  role_arn               = "arn:aws:iam::123456789012:role/gamelift"

  instance_definition {
    instance_type = "c5.large"
  }

  instance_definition {
    instance_type = "c5a.large"
  }

  launch_template {
    id = aws_launch_template.keyless.id
  }
}

resource "aws_gamelift_game_server_group" "tagged" {
  game_server_group_name = "tagged"
  max_size               = 1
  min_size               = 1
  role_arn               = "arn:aws:iam::123456789012:role/gamelift"

  instance_definition {
    instance_type = "c5.large"
  }

  instance_definition {
    instance_type = "c5a.large"
  }

  launch_template {
    id = aws_launch_template.tagged.id
  }
}
