"""What the monitor would say of an account today. Only this subcommand needs boto3, and calls AWS."""
