resource "aws_launch_template" "t" {
  image_id      = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  name          = "tpl"
  key_name      = "ops"
}

resource "aws_autoscaling_group" "g" {
  availability_zones = ["eu-central-1a"]
  max_size           = 1
  min_size           = 0
  name               = "grp"
  launch_template {
    id      = aws_launch_template.t.id
    version = "$Default"
  }
}
