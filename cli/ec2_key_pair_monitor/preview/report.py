"""The findings of ``preview``, which the formats write."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ec2_key_pair_monitor.preview.first_day import PRICES_READ, Assumptions, Forecast
from ec2_key_pair_monitor.preview.fleets import FleetReport, pasted
from ec2_key_pair_monitor.preview.region import RegionReport
from ec2_key_pair_monitor.report import Finding, Judged, Location, Result, Skipped


class PreviewReport:
    """All findings, region by region."""

    skipped: Sequence[Skipped] = ()
    notes: Sequence[str] = ()
    locations: Mapping[str, Location] = {}

    def __init__(self, regions: Sequence[RegionReport], assumed: Assumptions) -> None:
        self.regions = regions
        self.assumed = assumed
        self.findings: list[Finding] = [finding for region in regions for finding in region.findings]

    @property
    def judged(self) -> "_Judged":
        """The instances, and the regions in which not all instances could be read."""
        return _Judged(self.regions)

    @property
    def forecast(self) -> Forecast:
        """The sum of the forecasts of all regions."""
        total = Forecast()
        for region in self.regions:
            total = total.plus(region.forecast)
        return total

    def count(self, result: Result) -> int:
        """The number of instances with a result. A region that could not be read counts as UNKNOWN."""
        return sum(region.counts[result] for region in self.regions)

    def summary(self) -> dict[str, int]:
        """The counts, by name."""
        return {
            **{result.lower(): self.count(result) for result in Result},
            "exempt": sum(region.exempt for region in self.regions),
        }

    def document(self) -> dict[str, Any]:
        """The JSON document without its version."""
        return {
            "summary": self.summary(),
            "regions": (
                {"region": each.region, "source": each.source, "instances": each.instances, "failure": each.failure}
                for each in self.regions
            ),
            "fleets": (_fleet(region.region, each) for region in self.regions for each in region.fleets),
            "findings": (each._asdict() for each in self.findings),
            "forecast": {
                **self.forecast._asdict(),
                "assumed": {**self.assumed._asdict(), "prices_read": PRICES_READ},
            },
            "instances": (each._asdict() for region in self.regions for each in region.spill),
        }


class _Judged:
    """The instances of all regions, read from disk when they are needed."""

    def __init__(self, regions: Sequence[RegionReport]) -> None:
        self._regions = regions

    def __iter__(self) -> Iterator[Judged]:
        for region in self._regions:
            if region.failure:
                yield Judged(region.region, Result.UNKNOWN, region.failure)
            for each in region.spill:
                yield Judged(f"{each.region}/{each.instance}", each.verdict, each.reason)

    def __len__(self) -> int:
        return sum(sum(region.counts.values()) for region in self._regions)


def _fleet(region: str, report: FleetReport) -> dict[str, Any]:
    return {
        "region": region,
        "kind": report.fleet.kind or None,
        "name": report.fleet.name,
        **report.counts,
        "exempt_tags": report.exempt_tags,
        "paste": pasted(report.exempt_tags) if report.exempt_tags else None,
        "not_exemptable": report.not_exemptable,
    }
