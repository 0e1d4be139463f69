"""AWS Config: which rules are taken."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator import EmbeddedAws
from tests.emulator.conftest import REGION, Region, refused


def test_rule_needs_a_recorder(aws: EmbeddedAws) -> None:
    """A region without a recorder takes no rule."""
    made = Region(aws)
    made.add_function()

    with pytest.raises(ClientError) as error:
        made.put_rule()

    assert refused(error) == "NoAvailableConfigurationRecorderException"


def test_rule_needs_the_permission(aws: EmbeddedAws) -> None:
    """A function whose policy does not admit AWS Config of this account can't be a rule's."""
    made = Region(aws)
    aws.switch_on_config(REGION)
    made.add_function(source_account="999999999999")

    with pytest.raises(ClientError) as error:
        made.put_rule()

    assert refused(error) == "InsufficientPermissionsException"


def test_unknown_rule_is_not_described(aws: EmbeddedAws) -> None:
    """A name that no rule has is an error, and not an empty answer."""
    with pytest.raises(ClientError) as error:
        aws.client("config", REGION).describe_config_rules(ConfigRuleNames=["rule"])

    assert refused(error) == "NoSuchConfigRuleException"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        pytest.param('{"a":"  "}', "InvalidParameterValueException", id="blank"),
        pytest.param('{"a":7}', "InvalidParameterValueException", id="number"),
        pytest.param('{"a":""}', "InvalidParameterValueException", id="empty"),
        pytest.param('["a"]', "InvalidParameterValueException", id="list"),
        pytest.param("{", "InvalidParameterValueException", id="no JSON"),
        pytest.param('{"a":"' + "x" * 1017 + '"}', "ValidationException", id="1025 characters"),
    ],
)
def test_input_parameters_are_bounded(region: Region, parameters: str, code: str) -> None:
    """Parameters are a JSON object of strings that are not blank, 1,024 characters in all."""
    with pytest.raises(ClientError) as error:
        region.put_rule(parameters)

    assert refused(error) == code


def test_input_parameters_may_hold_blanks(region: Region) -> None:
    """A blank inside, before or behind a value is taken, and handed to the function."""
    region.put_rule('{"a":"443, 53","b":" c "}')
    region.launch()

    assert region.received[-1]["ruleParameters"] == '{"a":"443, 53","b":" c "}'


def test_longest_input_parameters(region: Region) -> None:
    """1,024 characters are taken, and handed to the function."""
    longest = '{"a":"' + "x" * 1016 + '"}'
    region.put_rule(longest)
    region.launch()

    assert len(longest) == 1024
    assert region.received[-1]["ruleParameters"] == longest
