# What the golden plan would be of, as far as it matters for line numbers.

resource "aws_instance" "web" {
  count = 2
}

module "boxes" {
  source = "./boxes"
}

module "remote" {
  source = "terraform-aws-modules/ec2-instance/aws"
}
