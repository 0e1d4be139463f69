removed {
  from = aws_instance.old

  lifecycle {
    destroy = false
  }
}

removed {
  from = aws_launch_template.old

  lifecycle {
    destroy = false
  }
}
