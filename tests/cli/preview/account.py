"""An account on the embedded AWS that holds everything that ``preview`` finds."""

import io
import json
import time
import zipfile
from collections.abc import Mapping
from typing import Any

from tests.cli.conftest import Interpreter, Outcome
from tests.conftest import REGION
from tests.emulator import ACCOUNT_ID, EmbeddedAws

KARPENTER = {"karpenter.sh/nodepool": "default", "eks:eks-cluster-name": "prod"}
POLICY = {"allowedKeyNames": '["ops*"]', "exemptTags": '{"team": "build"}'}


class Account:
    """The account, and the command that looks at it."""

    def __init__(self, aws: EmbeddedAws, command: Interpreter) -> None:
        self.aws = aws
        self._command = command
        self._ec2 = aws.client("ec2", REGION)
        self._groups = aws.client("autoscaling", REGION)

    def preview(self, *options: str, **environment: str) -> Outcome:
        """Look at it as its administrator."""
        return self._command("preview", *options, environment=self.aws.environment(REGION) | environment)

    def launch(self, tags: Mapping[str, str], number: int = 1, **more: Any) -> None:
        """Launch instances."""
        if tags:
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            more["TagSpecifications"] = [{"ResourceType": "instance", "Tags": listed}]
        self._ec2.run_instances(ImageId="ami-1", MinCount=number, MaxCount=number, **more)

    def template(self, name: str, *keys: str | None) -> str:
        """Make a launch template with a version for each key pair; returns its ID."""
        first, *others = (
            {"ImageId": "ami-1", "InstanceType": "t3.micro"} | ({"KeyName": k} if k else {}) for k in keys
        )
        made = self._ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=first)
        for data in others:
            self._ec2.create_launch_template_version(LaunchTemplateName=name, LaunchTemplateData=data)
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def group(self, name: str, size: int, tags: Mapping[str, str] | None = None, **launches_from: Any) -> None:
        """Make an Auto Scaling group."""
        listed = [{"Key": key, "Value": value, "PropagateAtLaunch": True} for key, value in (tags or {}).items()]
        self._groups.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=size,
            MaxSize=size,
            AvailabilityZones=[f"{REGION}a"],
            Tags=listed,
            **launches_from,
        )

    def fill(self) -> None:
        """Let it hold fleets, ghost keys, and instances of any kind."""
        for name in ("ops-1", "deleted", "replaced"):
            self._ec2.create_key_pair(KeyName=name)
        self.launch({}, 2)
        self.launch({"team": "build"})
        self.launch({}, KeyName="ops-1")
        self.launch({}, KeyName="deleted")
        self.launch({}, KeyName="replaced")
        self.template("bare", None)
        ghost = self.template("ghost", "ops-1", "deleted", "ops-1")
        bare = {"LaunchTemplate": {"LaunchTemplateName": "bare", "Version": "$Latest"}}
        self.group("web", 2, **bare)
        self.group("workers-1", 1, {"eks:cluster-name": "prod", "eks:nodegroup-name": "workers"}, **bare)
        self.group("workers-2", 1, {"eks:cluster-name": "test", "eks:nodegroup-name": "workers"}, **bare)
        self.launch(KARPENTER, 2)
        self.launch(KARPENTER | {"eks:eks-cluster-name": "test"})
        self.launch({"eks:cluster-name": "prod", "eks:nodegroup-name": "old"})
        self._ec2.run_instances(MinCount=1, MaxCount=1, **bare)
        self._groups.create_launch_configuration(
            LaunchConfigurationName="old", ImageId="ami-1", InstanceType="t3.micro", KeyName="deleted"
        )
        self.group("on-configuration", 0, LaunchConfigurationName="old")
        pinned = {"LaunchTemplateId": ghost, "Version": "2"}
        overrides = [{"InstanceType": "t3.small", "LaunchTemplateSpecification": pinned}]
        base = {"LaunchTemplateSpecification": {"LaunchTemplateName": "bare", "Version": "1"}, "Overrides": overrides}
        self.group("mixed", 0, MixedInstancesPolicy={"LaunchTemplate": base})
        for name in ("deleted", "replaced"):
            self._ec2.delete_key_pair(KeyName=name)
        time.sleep(1)  # EC2 shows times in whole seconds, and the key pair must be newer than the instance
        self._ec2.create_key_pair(KeyName="replaced")
        self.aws.settle()

    def switch_on_config(self, region: str, types: tuple[str, ...] = ("AWS::EC2::Instance",)) -> None:
        """Switch AWS Config on in a region, with the monitor's rule and its opposite."""
        self.aws.switch_on_config(region, types)
        config = self.aws.client("config", region)
        managed = {"Owner": "AWS", "SourceIdentifier": "EC2_NO_AMAZON_KEY_PAIR"}
        config.put_config_rule(ConfigRule={"ConfigRuleName": "hardening", "Source": managed})
        change = {"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"}
        own = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": self._function(region), "SourceDetails": [change]}
        config.put_config_rule(
            ConfigRule={"ConfigRuleName": "monitor", "Source": own, "InputParameters": json.dumps(POLICY)}
        )
        self.aws.settle()

    def role(self, name: str, policy: Mapping[str, Any]) -> dict[str, str]:
        """Make a role with a policy; returns its credentials, as an environment has them, and its ARN."""
        iam, sts = self.aws.client("iam", REGION), self.aws.client("sts", REGION)
        allowed = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT_ID}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="preview", PolicyDocument=json.dumps(policy))
        credentials = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "ROLE_ARN": arn,
        }

    def _function(self, region: str) -> str:
        """A function that reports nothing, which AWS Config may invoke."""
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("main.py", "def handler(event, context): pass")
        trust = json.dumps(
            {
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ]
            }
        )
        role = self.aws.client("iam", region).create_role(RoleName=f"monitor-{region}", AssumeRolePolicyDocument=trust)
        functions = self.aws.client("lambda", region)
        function = functions.create_function(
            FunctionName="monitor",
            Role=role["Role"]["Arn"],
            Runtime="python3.13",
            Handler="main.handler",
            Code={"ZipFile": package.getvalue()},
        )
        functions.add_permission(
            FunctionName="monitor",
            StatementId="config",
            Action="lambda:InvokeFunction",
            Principal="config.amazonaws.com",
            SourceAccount=ACCOUNT_ID,
        )
        return str(function["FunctionArn"])
