"""Describes each error of AWS in one plain line."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
)

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_INVALID = {
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "OptInRequired",
    "RegionDisabledException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
# A group can name a deleted template.
_MISSING = {
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.NotFoundException",
    "InvalidLaunchTemplateId.VersionNotFound",
}

NO_CREDENTIALS = "there are no AWS credentials; set AWS_PROFILE or --profile, or run `aws configure`."


def why(error: Exception) -> str:
    """Return why a call failed, or why its answer could not be read."""
    if isinstance(error, ClientError):
        return _answered(code_of(error), error.response.get("Error", {}).get("Message", ""))
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return NO_CREDENTIALS
    if isinstance(error, EndpointConnectionError):
        return f"{error} Check the network and the region."
    if isinstance(error, BotoCoreError):
        return str(error)
    return f"an answer of AWS could not be read ({type(error).__name__}: {error})."


def _answered(code: str, message: str) -> str:
    if code in _DENIED:
        return f"the permission is missing ({message or code})."
    if code in _INVALID:
        return f"AWS does not accept the credentials, or the region is not enabled ({code}: {message})."
    if code == "NoSuchConfigRuleException":
        return "there is no such AWS Config rule."
    return f"{code}: {message}"


def code_of(error: ClientError) -> str:
    """Return AWS's code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_invalid(error: ClientError) -> bool:
    """Whether a region does not accept the credentials, or is not enabled. Another region can."""
    return code_of(error) in _INVALID


def is_missing(error: Exception) -> bool:
    """Whether a launch template, or a version of one, does not exist."""
    return isinstance(error, ClientError) and code_of(error) in _MISSING
