"""The exemption of a fleet, as a property of generated regions: pasted, it exempts exactly that fleet."""

from datetime import date

import hcl2
import pytest
from ec2_key_pair_monitor.compliance import ComplianceType, Instance, Policy, evaluate
from ec2_key_pair_monitor.preview.fleets import Fleets, pasted
from ec2_key_pair_monitor.report import Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

TODAY = date(2026, 11, 28)
KEYS = (
    "aws:autoscaling:groupName", "aws:ec2launchtemplate:id", "eks:cluster-name", "eks:nodegroup-name",
    "karpenter.sh/nodepool", "eks:eks-cluster-name", "team",
)  # fmt: skip
# Patterns match more than themselves; HCL has templates.
VALUES = st.sampled_from(["a", "b", "a*", "?", "", " ", "${a}", '"', "\\"])
INSTANCES = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), st.booleans()), min_size=1, max_size=12
)
POLICIES = st.sampled_from([Policy(), Policy(exempt_tags={"team": "b"}), Policy(exempt_tags={KEYS[0]: "b"})])


def is_compliant(instance: Instance, policy: Policy) -> bool:
    """What the evaluator decides."""
    return evaluate(instance, policy, TODAY).compliance_type is ComplianceType.COMPLIANT


# As many instances carry the group's name as the node group has, and not all of them are its own.
_GROUP, _WORKERS = {KEYS[0]: "a"}, {"eks:cluster-name": "a", "eks:nodegroup-name": "a"}
_OTHERS = {"eks:cluster-name": "b", "eks:nodegroup-name": "a"}


@example([(_WORKERS | _GROUP, False), (_WORKERS, False), (_OTHERS, False), (_GROUP, False)], Policy())
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(INSTANCES, POLICIES)
def test_exempts_exactly_the_fleet(described: list[tuple[dict[str, str], bool]], policy: Policy) -> None:
    """With the pasted input, all of the fleet is COMPLIANT, and every other instance is judged as before."""
    instances = [Instance("ops" if has_key else None, "running", tags) for tags, has_key in described]
    fleets = Fleets(policy, ("team",))
    members = [
        fleets.add(
            each.tags,
            Result.COMPLIANT if is_compliant(each, policy) else Result.NON_COMPLIANT,
            is_exempt=not each.key_name and is_compliant(each, policy),
        )
        for each in instances
    ]
    for report in fleets.reports():
        assert (report.exempt_tags or report.not_exemptable or not report.counts["non_compliant"]) is not None
        if not report.exempt_tags:
            continue
        changed = policy._replace(exempt_tags=report.exempt_tags)
        for instance, fleet in zip(instances, members, strict=True):
            expected = fleet == report.fleet or is_compliant(instance, policy)
            assert is_compliant(instance, changed) == expected


def test_pasted_line_is_hcl() -> None:
    """The line is HCL, whatever the values hold."""
    tags = {"aws:autoscaling:groupName": 'a "quoted" \\ name', "team": "ü*"}
    assert hcl2.loads(pasted(tags) + "\n")["exempt_tags"]
    assert pasted({"a": "${b} %{c}"}) == 'exempt_tags = { "a" = "$${b} %%{c}" }'
    assert pasted({"a": "b\b\t\u200d"}) == 'exempt_tags = { "a" = "b\\U00000008\\U00000009\\U0000200d" }'


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("team*", "a", "team* cannot be a key of exempt_tags."),
        ("team", "e\u0301", "The value of team cannot be a pattern."),  # Terraform would write it as one character
        ("team", "é", None),
    ],
)
def test_what_the_module_takes(key: str, value: str, reason: str | None) -> None:
    """A tag that the input exempt_tags refuses or changes exempts nothing."""
    fleets = Fleets(Policy(), (key,))
    fleets.add({key: value}, Result.NON_COMPLIANT, is_exempt=False)
    (report,) = fleets.reports()

    assert report.not_exemptable == reason
