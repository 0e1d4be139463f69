resource "aws_autoscaling_group" "this" {
}

resource "aws_launch_template" "this" {
}
