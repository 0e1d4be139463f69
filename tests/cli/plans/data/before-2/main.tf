removed {
  from = aws_launch_template.existing

  lifecycle {
    destroy = false
  }
}

removed {
  from = aws_launch_template.keyless

  lifecycle {
    destroy = false
  }
}

