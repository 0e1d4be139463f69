"""One region: reads it, evaluates its instances, and says what could not be read."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, NamedTuple, TypeVar

from ec2_key_pair_monitor.compliance import ComplianceType, Instance, Policy, evaluate
from ec2_key_pair_monitor.errors import CommandError
from ec2_key_pair_monitor.preview import aws_config, keys
from ec2_key_pair_monitor.preview.aws_config import Recorder
from ec2_key_pair_monitor.preview.failures import is_missing, why
from ec2_key_pair_monitor.preview.first_day import Assumptions, Forecast, forecast
from ec2_key_pair_monitor.preview.fleets import FleetReport, Fleets
from ec2_key_pair_monitor.preview.instances import Found, from_config, from_ec2
from ec2_key_pair_monitor.preview.spill import Inspected, Spill
from ec2_key_pair_monitor.report import Finding, Result

T = TypeVar("T")

_UNREADABLE = "AWS Config has not recorded its configuration."


class Task(NamedTuple):
    """The task for each region. ``policy`` is None if it comes from each region's rule."""

    policy: Policy | None
    rule: str | None
    source: str
    fleet_tags: tuple[str, ...]
    assumed: Assumptions
    today: date


class RegionReport:
    """The findings in a region. They grow while it is read.

    ``failure`` says why some or all instances could not be read.
    """

    def __init__(self, region: str, source: str) -> None:
        self.region = region
        self.source = source
        self.failure: str | None = None
        self.counts: Counter[Result] = Counter()
        self.exempt = 0
        self.fleets: list[FleetReport] = []
        self.findings: list[Finding] = []
        self.forecast = Forecast()
        self.spill = Spill()

    @property
    def instances(self) -> int:
        """The number of instances that were read."""
        return sum(self.counts.values()) - (self.failure is not None)

    def fail(self, reason: str) -> None:
        """Note why not all instances could be read. Those that were read stay."""
        self.failure = f"{'Not all' if self.instances else 'No'} instances could be read: {reason}"
        self.counts[Result.UNKNOWN] += 1


def inspect(report: RegionReport, task: Task, client_of: Callable[[str], Any]) -> None:
    """Read a region into its report."""
    _Inspection(report, task, client_of).run()


class _Inspection:
    def __init__(self, report: RegionReport, task: Task, client_of: Callable[[str], Any]) -> None:
        self._report = report
        self._task = task
        self._ec2, self._config = client_of("ec2"), client_of("config")
        self._autoscaling = client_of("autoscaling")
        self._unseen: list[Finding] = []

    def run(self) -> None:
        report, region = self._report, self._report.region
        recorder = self._try("config:DescribeConfigurationRecorders", lambda: Recorder.read(self._config))
        created = self._try("ec2:DescribeKeyPairs", lambda: keys.key_pairs(self._ec2))
        key_pairs = keys.KeyPairs(created)
        try:
            self._judge(self._policy(), recorder, key_pairs)
        except CommandError as error:
            report.fail(str(error))
        except OSError:  # such as a full disk
            raise
        except Exception as error:
            report.fail(why(error))
        report.findings += (
            self._try("config:DescribeConfigRules", lambda: aws_config.conflicts(self._config, region)) or []
        )
        if recorder:
            report.findings += recorder.findings(region, self._statuses(recorder))
        if created is not None:
            report.findings += self._ghosts(created)
        report.findings += [*key_pairs.findings(region), *self._unseen]
        records_verdicts = recorder is not None and recorder.records(aws_config.VERDICT)
        report.forecast = forecast(
            report.instances, report.counts[Result.NON_COMPLIANT], self._task.assumed, records_verdicts=records_verdicts
        )

    def _policy(self) -> Policy:
        if self._task.policy is not None:
            return self._task.policy
        return aws_config.policy_of_rule(self._config, self._task.rule or "")

    def _judge(self, policy: Policy, recorder: Recorder | None, key_pairs: keys.KeyPairs) -> None:
        report, fleets = self._report, Fleets(policy, self._task.fleet_tags)
        if self._task.source == "config" and recorder and not recorder.recorder:
            raise CommandError("AWS Config was never switched on: there is no inventory to read.")
        is_complete = False
        try:
            for found in self._instances():
                verdict, reason, is_exempt = self._verdict(found, policy)
                if verdict is None:
                    continue
                fleet = fleets.add(found.instance.tags if found.instance else {}, verdict, is_exempt=is_exempt)
                report.spill.add(Inspected(report.region, found.id, verdict, reason, str(fleet), key_pairs.add(found)))
                report.counts[verdict] += 1
                report.exempt += is_exempt
            is_complete = not report.counts[Result.UNKNOWN]
        finally:
            report.fleets = fleets.reports(is_complete=is_complete)

    def _instances(self) -> Iterator[Found]:
        return from_config(self._config) if self._task.source == "config" else from_ec2(self._ec2)

    def _verdict(self, found: Found, policy: Policy) -> tuple[Result | None, str, bool]:
        """Return the verdict, its reason, and whether a tag exempts the instance. A terminated one gets no verdict."""
        if found.instance is None:
            return Result.UNKNOWN, _UNREADABLE, False
        verdict = evaluate(found.instance, policy, self._task.today)
        if verdict.compliance_type is ComplianceType.NOT_APPLICABLE:
            return None, "", False
        result = Result(verdict.compliance_type)
        if result is Result.NON_COMPLIANT or not policy.reads_tags:
            return result, verdict.annotation or "", False
        by_key = evaluate(Instance(found.instance.key_name), policy, self._task.today)
        return result, verdict.annotation or "", by_key.compliance_type is not ComplianceType.COMPLIANT

    def _statuses(self, recorder: Recorder) -> list[Mapping[str, Any]] | None:
        if not recorder.recorder:
            return []
        return self._try(
            "config:DescribeConfigurationRecorderStatus",
            lambda: list(self._config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]),
        )

    def _ghosts(self, created: Mapping[str, Any]) -> list[Finding]:
        definitions = keys.Definitions()
        templates = "ec2:DescribeLaunchTemplateVersions"
        self._try(templates, lambda: definitions.read_templates(self._ec2))
        self._try("autoscaling:DescribeAutoScalingGroups", lambda: definitions.read_groups(self._autoscaling))
        self._try(
            "autoscaling:DescribeLaunchConfigurations", lambda: definitions.read_configurations(self._autoscaling)
        )
        for version in definitions.pinned() if definitions.templates else ():
            self._try(templates, partial(definitions.read_version, self._ec2, version))
        return list(definitions.ghosts(self._report.region, created))

    def _try(self, action: str, read: Callable[[], T]) -> T | None:
        """Read something other than instances. A failure is noted and does not stop the preview."""
        try:
            return read()
        except Exception as error:
            if not is_missing(error):
                self._unseen.append(Finding("not-seen", self._report.region, f"{action} failed: {why(error)}"))
        return None
