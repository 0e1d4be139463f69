resource "aws_elastic_beanstalk_configuration_template" "keyed" {
  name                = "keyed"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"

  setting {
    namespace = "aws:autoscaling:launchconfiguration"
    name      = "EC2KeyName"
    value     = "ops"
  }
}

resource "aws_elastic_beanstalk_configuration_template" "keyless" {
  name                = "keyless"
  application         = "app"
  solution_stack_name = "64bit Amazon Linux 2023 v4.1.0 running Python 3.11"
}

resource "aws_elastic_beanstalk_environment" "keyed" {
  name          = "keyed-env"
  application   = "app"
  template_name = aws_elastic_beanstalk_configuration_template.keyed.name
}

resource "aws_elastic_beanstalk_environment" "keyless" {
  name          = "keyless-env"
  application   = "app"
  template_name = aws_elastic_beanstalk_configuration_template.keyless.name
}
