"""What a Terraform plan would launch."""
