"""Several accounts in one embedded AWS, as one process has them."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.emulator import ACCOUNT_ID, EmbeddedAws, config_control, roles, sns
from tests.emulator.accounts import administrator

REGION = "eu-west-1"
OTHER = "222222222222"
TOPIC = f"arn:aws:sns:{REGION}:{OTHER}:topic"


def document(**statement: object) -> str:
    """A policy of one statement that allows something."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def test_credentials_choose_the_account(aws: EmbeddedAws) -> None:
    """The administrator of each account acts in it and sees nothing of the other."""
    for account in (ACCOUNT_ID, OTHER):
        assert aws.client("sts", REGION, account).get_caller_identity()["Account"] == account

    aws.client("sns", REGION, OTHER).create_topic(Name="topic")

    assert [each["TopicArn"] for each in aws.client("sns", REGION, OTHER).list_topics()["Topics"]] == [TOPIC]
    assert aws.client("sns", REGION).list_topics()["Topics"] == []
    assert aws.environment(REGION, OTHER)["AWS_ACCESS_KEY_ID"] == administrator(OTHER)


def test_instances_are_recorded_where_they_are(aws: EmbeddedAws) -> None:
    """An instance is recorded in its own account and region."""
    for account in (ACCOUNT_ID, OTHER):
        aws.switch_on_config(REGION, account=account)
    launched = aws.client("ec2", REGION, OTHER).run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    aws.settle()

    [item] = config_control.history_of(REGION, launched["Instances"][0]["InstanceId"], OTHER)
    assert item.resource["arn"].split(":")[4] == OTHER
    assert config_control.store(REGION).items == {}


def test_an_e_mail_is_in_its_accounts_outbox(aws: EmbeddedAws) -> None:
    """What a topic sends is found with its account."""
    client = aws.client("sns", REGION, OTHER)
    client.create_topic(Name="topic")
    client.subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="a@example.com")
    assert sns.confirm_all(REGION) == 0
    assert sns.confirm_all(REGION, OTHER) == 1
    client.publish(TopicArn=TOPIC, Message="text")

    assert [mail.body.partition("\n")[0] for mail in sns.outbox(REGION, OTHER)][1:] == ["text"]
    assert sns.outbox(REGION) == []


@pytest.mark.parametrize("principal", [f"arn:aws:iam::{ACCOUNT_ID}:root", f"arn:aws:iam::{ACCOUNT_ID}:role/role"])
@pytest.mark.parametrize(("own", "attached"), [(True, True), (True, False), (False, True)])
def test_another_account_takes_both_policies(
    aws: EmbeddedAws,
    principal: str,
    own: bool,  # noqa: FBT001
    attached: bool,  # noqa: FBT001
) -> None:
    """A role may use what another account has if its own policy and that of the resource allow it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
    """
    iam, client = aws.client("iam", REGION), aws.client("sns", REGION, OTHER)
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=document(Principal="*", Action="sts:AssumeRole"))
    if own:
        iam.put_role_policy(
            RoleName="role", PolicyName="own", PolicyDocument=document(Action="sns:Publish", Resource=TOPIC)
        )
    client.create_topic(Name="topic")
    policy = document(Principal={"AWS": principal if attached else OTHER}, Action="sns:Publish", Resource=TOPIC)
    client.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=policy)

    assert roles.may(role["Role"]["Arn"], "sns:Publish", TOPIC) is (own and attached)


def test_a_role_leads_into_another_account(aws: EmbeddedAws) -> None:
    """What is called with the credentials of another account's role happens there, as far as the role may."""
    trust = document(Principal={"AWS": ACCOUNT_ID}, Action="sts:AssumeRole")
    role = aws.client("iam", REGION, OTHER).create_role(RoleName="role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    given = aws.client("sts", REGION).assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    session = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], REGION)

    caller = session.client("sts", endpoint_url=aws.endpoint_url).get_caller_identity()
    assert caller["Arn"] == f"arn:aws:sts::{OTHER}:assumed-role/role/session"
    with pytest.raises(ClientError, match=f"{OTHER}.*not authorized"):
        session.client("sns", endpoint_url=aws.endpoint_url).create_topic(Name="other")
