"""The account of the embedded AWS, and who sets the stage in it."""

from moto.core.models import DEFAULT_ACCOUNT_ID

ACCOUNT_ID = DEFAULT_ACCOUNT_ID

# The access key, and its secret, of whoever sets the stage: tests, Terraform, the walkthrough.
ADMINISTRATOR = "embedded"
