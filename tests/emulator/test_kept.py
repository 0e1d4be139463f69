"""What is left out of moto is still there for whoever asks for it."""

from tests.emulator.conftest import Region


def test_images(region: Region) -> None:
    """moto's images exist. The AWS provider looks up the one of the launch configurations in the tests."""
    [image] = region.aws.client("ec2", "eu-central-1").describe_images(ImageIds=["ami-1e749f67"])["Images"]

    assert image["RootDeviceName"] == "/dev/sda1"
