"""Finds the instances that a Terraform plan would launch."""
