"""How many things the oracles judged; pytest prints it at the end of a run, whatever number of processes it used."""

from collections import Counter

JUDGED: Counter[str] = Counter()


def judged(what: str, number: int = 1) -> None:
    """Count things that an oracle judged, such as ``"resources by cfn-lint"``."""
    JUDGED[what] += number
