"""Checks whether the walkthrough can run in an account and region, and says what to do if it cannot.

- Recorder: https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationRecorder.html
- Results of a dry run: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
)

from demo.cloud import INSTANCE, RefusalError

DENIED = ("AccessDenied", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation")
STALE = (
    "Expired",
    "InvalidClientTokenId",
    "UnrecognizedClient",
    "AuthFailure",
    "InvalidAccessKeyId",
    "SignatureDoesNot",
)
SIGN_IN = "Sign in (aws sso login, or AWS_PROFILE and the like) so that this works: aws sts get-caller-identity"


def explain(error: BotoCoreError | ClientError) -> str:
    """Return an error of AWS in one line, with what to do if that is known."""
    if not isinstance(error, ClientError):
        return f"AWS cannot be reached: {error}"
    code, text = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    said = f"{error.operation_name} was refused: {code}: {text}"
    if any(each in code for each in DENIED):
        return f"{said}\nThe credentials lack a permission. docs/verify.md lists those that the walkthrough needs."
    if any(each in code for each in STALE):
        return f"{said}\nThe credentials are invalid or have expired, or the region is not enabled in the account."
    return said


def identity(client: Callable[[str], Any]) -> tuple[str, str]:
    """Return the account and the ARN of the caller.

    Raises:
        RefusalError: there are no credentials, they do not work, or the region does not exist.
    """
    try:
        answer = client("sts").get_caller_identity()
    except NoCredentialsError as error:
        raise RefusalError(f"There are no AWS credentials. {SIGN_IN}") from error
    except (EndpointConnectionError, InvalidRegionError) as error:
        raise RefusalError(f"The region does not answer. Is its name correct? {explain(error)}") from error
    except (BotoCoreError, ClientError) as error:
        raise RefusalError(f"The AWS credentials do not work. {explain(error)}\n{SIGN_IN}") from error
    return answer["Account"], answer["Arn"]


def check_recorder(config: Any, region: str) -> list[str]:
    """Return warnings about the region's recorder.

    Raises:
        RefusalError: there is no recorder, it does not run, or it does not record instances.
    """
    recorders = config.describe_configuration_recorders()["ConfigurationRecorders"]
    # Service-linked recorders belong to other services and invoke no rules of the account.
    recorder = next((each for each in recorders if not each.get("servicePrincipal")), None)
    if recorder is None:
        raise RefusalError(
            f"AWS Config has no recorder in {region}. Switch it on for {INSTANCE}: see examples/new-account, or "
            "https://docs.aws.amazon.com/config/latest/developerguide/gs-console.html"
        )
    name = recorder["name"]
    [status] = config.describe_configuration_recorder_status(ConfigurationRecorderNames=[name])[
        "ConfigurationRecordersStatus"
    ]
    if not status["recording"]:
        raise RefusalError(
            f"The recorder {name} is stopped. Start it: "
            f"aws configservice start-configuration-recorder --region {region} --configuration-recorder-name {name}"
        )
    if not records_instances(recorder.get("recordingGroup", {})):
        raise RefusalError(
            f"The recorder {name} does not record {INSTANCE}. Add it to the recorded resource types, or remove it "
            "from the excluded ones: https://docs.aws.amazon.com/config/latest/developerguide/select-resources.html"
        )
    warnings = []
    if frequency(recorder.get("recordingMode", {})) == "DAILY":
        warnings.append(
            f"The recorder {name} records {INSTANCE} once a day: the instances are unlikely to be evaluated in time, "
            "and a real one is found up to a day late. Set the recording mode to continuous."
        )
    if str(status.get("lastStatus", "")).upper() == "FAILURE":
        warnings.append(
            f"The recorder {name} could not deliver last: {status.get('lastErrorMessage', 'no reason given')}"
        )
    return warnings


def records_instances(group: Mapping[str, Any]) -> bool:
    """Whether a recording group of any strategy includes instances. A recorder without a group records everything."""
    strategy = group.get("recordingStrategy", {}).get("useOnly")
    if strategy == "EXCLUSION_BY_RESOURCE_TYPES":
        return INSTANCE not in group.get("exclusionByResourceTypes", {}).get("resourceTypes", [])
    is_everything = group.get("allSupported", not group) or strategy == "ALL_SUPPORTED_RESOURCE_TYPES"
    return bool(is_everything) or INSTANCE in group.get("resourceTypes", [])


def frequency(mode: Mapping[str, Any]) -> str:
    """Return how often instances are recorded. An override for their type wins over the recorder's frequency."""
    for override in mode.get("recordingModeOverrides", []):
        if INSTANCE in override["resourceTypes"]:
            return str(override["recordingFrequency"])
    return str(mode.get("recordingFrequency", "CONTINUOUS"))


def check_permitted(call: Callable[..., Any], **request: Any) -> None:
    """Ask EC2 whether a request would be permitted, without making it."""
    try:
        call(DryRun=True, **request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "DryRunOperation":
            raise
