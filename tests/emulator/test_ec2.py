"""What is recorded of instances that others launch."""

from tests.emulator.conftest import Region


def test_group_launches_with_the_key_of_its_launch_configuration(region: Region) -> None:
    """The item of an instance has the key pair of the launch configuration that its group launched it from."""
    client = region.aws.client("autoscaling", "eu-central-1")
    client.create_launch_configuration(
        LaunchConfigurationName="web", ImageId="ami-1e749f67", InstanceType="t3.micro", KeyName="ops"
    )
    client.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=1,
        MaxSize=1,
        AvailabilityZones=["eu-central-1a"],
    )
    region.aws.settle()

    items = [each["configurationItem"] for each in region.items()]

    assert {each["configuration"].get("keyName") for each in items} == {"ops"}
