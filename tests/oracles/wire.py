"""The wire: every request and every response fits the model that AWS publishes of its operation.

botocore carries AWS's service models. It checks some of a request against them and nothing of a response. Here all of
both is checked: required members, members that the model lacks, types, enums, lengths, ranges, patterns, and the code
and status of an error. The emulator hands over what crosses it (:mod:`tests.emulator.wire`), a test's fake client what
it is asked and what it answers (:func:`exchange`). What does not fit is collected, because it may happen in another
thread or behind an ``except``; tests/conftest.py fails the test for it, and ``EmbeddedAws`` fails the demo.

A pattern must match the whole text, as in AWS's own validation. A length counts characters, items or bytes.
"""

import functools
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

import regex  # AWS's patterns use classes such as \p{L}, which re does not know
from botocore.exceptions import ClientError
from botocore.loaders import create_loader
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import PROTOCOL_PARSERS

from tests.oracles.tally import judged

# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "InternalFailure",
    "InvalidClientTokenId",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationError",
    "ValidationException",
}

# Further codes by the protocol of the service. That services without JSON have shorter names for some common errors is
# in the SDKs' rules for retries, such as botocore/data/_retry.json and aws/request/retryer.go of aws-sdk-go.
PROTOCOL_ERRORS = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (the model of EC2 has no errors)
    "ec2": {
        "AuthFailure",
        "DryRunOperation",
        "RequestExpired",
        "RequestLimitExceeded",
        "UnauthorizedOperation",
    },
    "query": {"AccessDenied", "ExpiredToken", "Throttling"},
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (the model of S3 has few of its errors)
    "rest-xml": {
        "AccessDenied",
        "ExpiredToken",
        "NoSuchBucketPolicy",
        "NoSuchCORSConfiguration",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "NoSuchTagSet",
        "NoSuchWebsiteConfiguration",
        "ObjectLockConfigurationNotFoundError",
        "OwnershipControlsNotFoundError",
        "ReplicationConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
    },
}

# Java's way to write a class of characters beyond U+FFFF, which Python cannot read.
SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")

# What may differ from the models: why, and patterns of "SERVICE.OPERATION request|response MEMBER RULE".
ALLOWED: dict[str, tuple[str, ...]] = {
    "moto tells more than AWS, and SDKs drop it": (
        "config.DescribeConfigRules response ConfigRule.AccountId unknown",
        "config.DescribeConfigRules response ConfigRule.InputParametersDict unknown",
        "config.DescribeConfigRules response ConfigRule.LastUpdatedTime unknown",
        "config.DescribeConfigRules response ConfigRule.Tags unknown",
        "config.DescribeConfigurationRecorders response ConfigurationRecorder.status unknown",
        "lambda.*EventSourceMapping* response EventSourceMappingConfiguration.Tags unknown",
        "s3.GetBucketRequestPayment response GetBucketRequestPaymentOutput.* unknown",
    ),
    "moto has the time as a text, which only a test reads": (
        "lambda.UpdateFunctionEventInvokeConfig response Date type",
    ),
    "moto writes the status in capitals, and nothing here reads it": (
        "config.DescribeConfigurationRecorderStatus response ConfigurationRecordersStatus.lastStatus enum",
    ),
    "moto logs the events of a rule with fractions of a millisecond; no target of the module is a log group": (
        "logs.FilterLogEvents response events.timestamp type",
    ),
    "AWS documents an empty list for a lookup that was processed whole": (
        "config.BatchGetResourceConfig response unprocessedResourceKeys length",
    ),
    "a resource may have no tags; the limits are those of a request": (
        "config.ListTagsForResource response Tags length",
        "logs.ListTagsForResource response tags length",
    ),
    "a function without code signing has no ARN of it, which the Terraform provider expects": (
        "lambda.GetFunctionCodeSigningConfig response CodeSigningConfigArn required",
    ),
    "the response to HEAD has no body, and so no code": ("s3.HeadBucket response 404 code",),
    # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html
    "AWS's own example of a table has no decrease of its throughput, which the model does not know": (
        "dynamodb.*Table response *.NumberOfDecreasesToday range",
    ),
    "EC2 takes and gives words in other letters than its model has, the provider and AWS's documentation show": (
        "ec2.DescribeInstances response *Platform enum",
        "ec2.RequestSpotFleet request *ExcessCapacityTerminationPolicy enum",
    ),
    "a test asks for what the emulator lacks": (
        "config.GetStoredQuery response NotImplementedException code",
        "sns.VerifySMSSandboxPhoneNumber response NotImplementedException code",
    ),
}

TYPES: dict[str, Any] = {
    "blob": (bytes, str),
    "boolean": bool,
    "character": str,
    "double": (float, int),
    "float": (float, int),
    "integer": int,
    "list": (list, tuple),
    "long": int,
    "map": Mapping,
    "string": str,
    "structure": Mapping,
    "timestamp": datetime,
}

LOADER = create_loader()

# A member, the rule that it breaks, and how.
Difference = tuple[str, str, str]

_found: dict[str, None] = {}
_lock = threading.Lock()


class WireError(AssertionError):
    """Requests or responses that do not fit AWS's models."""


# Judging


def exchange(service: str, operation: str, arguments: Mapping[str, Any], response: Any) -> Any:
    """Judge the request and the response of a test's fake client. Returns the response, or raises it."""
    model = operation_model(service, operation)
    judge("request", model, differences(model.input_shape, arguments))
    if isinstance(response, ClientError):
        judge_error(service, operation, response.response["Error"]["Code"])
    if isinstance(response, Exception):
        raise response
    judge("response", model, differences(model.output_shape, response))
    return response


def judge_error(service: str, operation: str, code: str) -> None:
    """Judge an error that a test gives instead of a response."""
    model = operation_model(service, operation)
    judge("response", model, error_differences(model, code))


def judge(kind: str, model: OperationModel, found: Iterable[Difference]) -> None:
    """Count a request or a response, and keep what does not fit and is not in the list."""
    place = f"{model.service_model.service_name}.{model.name} {kind}"
    try:
        differing = list(found)
    except Exception as error:  # whatever is wrong with it, nobody can read it
        differing = [("", "unreadable", f"cannot be read: {error!r}")]
    kept = [
        f"{place} {member}: {problem}"
        for member, rule, problem in differing
        if not any(fnmatchcase(f"{place} {member} {rule}", pattern) for pattern in chain(*ALLOWED.values()))
    ]
    report(*kept)
    with _lock:
        judged(f"{kind}s by AWS's service models")


def report(*problems: str) -> None:
    """Keep what is wrong until :func:`raise_errors`."""
    with _lock:
        _found.update(dict.fromkeys(problems))


def raise_errors() -> None:
    """Raise what was found since this was called last.

    Raises:
        WireError: something does not fit.
    """
    __tracebackhide__ = True
    with _lock:
        found = list(_found)
        _found.clear()
    if found:
        raise WireError("\n".join(["what crossed the wire does not fit AWS's models:", *found]))


@functools.cache
def service_model(service: str) -> ServiceModel:
    """The model of a service, by botocore's name for it."""
    return ServiceModel(description(service), service)


def description(service: str) -> dict[str, Any]:
    """AWS's own text of a service's model."""
    text: dict[str, Any] = LOADER.load_service_model(service, "service-2")
    return text


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The model of an operation, such as ``PutEvaluations``."""
    return service_model(service).operation_model(operation)


# What a model says


def differences(shape: Shape | None, value: Any, member: str = "") -> Iterator[Difference]:
    """Where a value, as botocore takes and gives it, differs from its model."""
    if shape is None or getattr(shape, "is_document_type", False):
        return
    kind = shape.type_name
    if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield member, "type", f"{shown(value)} is no {kind}"
        return
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                yield join(member, name), "required", "is missing"
        for name, each in value.items():
            if name in shape.members:
                yield from differences(shape.members[name], each, join(member, name))
            else:
                yield join(member, name), "unknown", "is not in the model"
    elif kind == "list":
        for each in value:
            yield from differences(shape.member, each, member)
    elif kind == "map":
        for name, each in value.items():
            yield from differences(shape.key, name, join(member, "key"))
            yield from differences(shape.value, each, join(member, "value"))
    yield from limits(shape, value, member)


def limits(shape: Shape, value: Any, member: str) -> Iterator[Difference]:
    """Where a value lies outside of its shape's limits, its enum or its pattern."""
    metadata = shape.metadata
    if "min" in metadata or "max" in metadata:
        size = len(value) if hasattr(value, "__len__") else value
        least, most = metadata.get("min", size), metadata.get("max", size)
        if not least <= size <= most:
            rule = "length" if hasattr(value, "__len__") else "range"
            yield member, rule, f"{rule} {size} is not between {metadata.get('min')} and {metadata.get('max')}"
    if shape.type_name == "string":
        if metadata.get("enum") and value not in metadata["enum"]:
            yield member, "enum", f"{shown(value)} is not one of {', '.join(metadata['enum'])}"
        if "pattern" in metadata and not regex.fullmatch(metadata["pattern"].replace(*SURROGATES), value):
            yield member, "pattern", f"{shown(value)} does not match {metadata['pattern']}"


def error_differences(model: OperationModel, code: str, status: int | None = None) -> Iterator[Difference]:
    """The faults of an error: a code that is neither the operation's nor a common one, or a wrong status."""
    statuses = {}
    for shape in model.error_shapes:
        error = shape.metadata.get("error", {})
        statuses[error.get("code", shape.name)] = error.get("httpStatusCode")
    common = COMMON_ERRORS | PROTOCOL_ERRORS.get(model.service_model.protocol, set())
    if code not in statuses and code not in common:
        yield code, "code", "is neither an error of the operation nor a common one"
    elif status and statuses.get(code) not in (None, status):
        yield code, "status", f"comes with the status {status}, and the model has {statuses[code]}"


def join(member: str, name: str) -> str:
    """The path of a member of a member."""
    return f"{member}.{name}" if member else name


def shown(value: Any) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


# Reading a response


def read_response(
    model: OperationModel, protocol: str, status: int, headers: Mapping[str, str], body: bytes
) -> Iterator[Difference]:
    """Read a response as the SDK does; yields where it differs from its model."""
    parser = PARSERS[protocol](model)
    answer = parser.parse({"status_code": status, "headers": headers, "body": body}, model.output_shape)
    if status >= 301:  # as botocore has it
        error = answer["Error"]
        yield from error_differences(model, error.get("QueryErrorCode", error["Code"]), status)
        return
    yield from parser.found
    answer.pop("ResponseMetadata", None)
    yield from differences(model.output_shape, answer)


class StrictParser:
    """A botocore parser that also keeps what botocore ignores."""

    def __init__(self, model: OperationModel) -> None:
        super().__init__()
        self.found: list[Difference] = []
        self._whole = model.output_shape

    def _handle_structure(self, shape: Any, node: Any) -> Any:
        if isinstance(node, dict):
            known = {member.serialization.get("name", name) for name, member in shape.members.items()}
            names = set() if shape.is_document_type else set(node)
        else:
            this: Any = self
            known = {this._member_key_name(member, name) for name, member in shape.members.items()}
            names = {this._node_tag(each) for each in (node[0] if isinstance(node, list) else node)}
            # EC2 and the query protocol tell the request's id beside the result.
            known |= {"requestId", "ResponseMetadata"} if shape is self._whole else set()
        self.found += [(f"{shape.name}.{name}", "unknown", "is not in the model") for name in sorted(names - known)]
        return super()._handle_structure(shape, node)  # type: ignore[misc]

    def _handle_timestamp(self, shape: Any, value: Any) -> Any:
        text_is_right = "location" in shape.serialization or shape.serialization.get("timestampFormat")
        if isinstance(value, str) and not text_is_right:
            self.found.append((shape.name, "type", f"{shown(value)} is a text, and JSON has times as numbers"))
        return super()._handle_timestamp(shape, value)  # type: ignore[misc]


PARSERS = {name: type(parser.__name__, (StrictParser, parser), {}) for name, parser in PROTOCOL_PARSERS.items()}
