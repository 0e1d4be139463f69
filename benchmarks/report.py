"""What was measured, as a table with goals, as JSON and as a plot."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Figures = Mapping[str, Any]

# Why a goal may be missed, where it is known.
IMPORTS_LESS = "its newer versions import less than those that the goal was set by"
REASONS = {
    "cold start, CPU: Powertools against ours": IMPORTS_LESS,
    "cold start, CPU: Cloud Custodian against ours": IMPORTS_LESS,
}

# Seconds that a sweep spends on a page beside waiting, with the stub's own share; measured, see results.json.
PAGE_WORK = 0.004
# The pause before the first retry of boto3's standard mode is random, of one second at most.
FIRST_PAUSE = 0.5


def modelled(instances: int, latency: float, throttle_every: int = 0) -> float:
    """Seconds that a sweep with clearing takes by the model on paper.

    Pages are fetched one after the other, and each is reported while the next is fetched: so a page costs one latency,
    and the first one more. Then the earlier results are listed, page by page. A throttled call is tried again.
    """
    pages = instances / 100
    waits = pages + 1 + pages
    calls = 3 * pages
    retries = calls / throttle_every if throttle_every else 0
    return waits * latency + 2 * pages * PAGE_WORK + retries * (FIRST_PAUSE + latency)


def ratio(figures: Figures, figure: str, name: str, other: str) -> float | None:
    """A figure of one handler over that of another, or None where one is missing."""
    handlers = figures["handlers"]
    if name not in handlers or other not in handlers or figure not in handlers[name]:
        return None
    return float(handlers[name][figure] / handlers[other][figure])


def sweep_of(figures: Figures, name: str, size: int) -> Mapping[str, Any] | None:
    """What was measured of a sweep, or None."""
    return next((each for each in figures["sweeps"] if (each["name"], each["instances"]) == (name, size)), None)


def sweep_ratio(figures: Figures, figure: str, name: str, other: str, size: int = 100_000) -> float | None:
    """A figure of one sweep over that of another."""
    one, two = sweep_of(figures, name, size), sweep_of(figures, other, size)
    return one[figure] / two[figure] if one and two else None


def goals(figures: Figures) -> Iterator[tuple[str, str, float | None, bool]]:
    """Each goal, as text, what was measured, and whether the goal is reached."""

    def at_most(text: str, limit: float, value: float | None, unit: str = "x") -> tuple[str, str, float | None, bool]:
        return text, f"≤ {limit:g} {unit}", value, value is not None and value <= limit

    def at_least(text: str, limit: float, value: float | None) -> tuple[str, str, float | None, bool]:
        return text, f"≥ {limit:g} x", value, value is not None and value >= limit

    def exactly(text: str, limit: int, value: int) -> tuple[str, str, float | None, bool]:
        return text, f"= {limit}", value, value == limit

    yield at_most("cold start, instructions, against plain", 1.03, ratio(figures, "instructions_m", "ours", "plain"))
    yield at_most("warm, CPU an event, against plain", 1.10, ratio(figures, "warm_cpu_ms", "ours", "plain"))
    yield at_most("warm, CPU an event, against rdklib", 0.05, ratio(figures, "warm_cpu_ms", "ours", "rdklib"))
    for name, limit in (("rdklib", 1.2), ("Powertools", 1.35), ("Cloud Custodian", 1.8)):
        yield at_least(f"cold start, CPU: {name} against ours", limit, ratio(figures, "cold_ratio", name, "ours"))
    yield exactly("API calls, a changed instance", 1, sum(figures["calls"]["change"].values()))
    yield exactly("API calls, an oversized change", 2, sum(figures["calls"]["oversized"].values()))
    yield at_most("deployed zip", 20, figures["zip_bytes"] / 1024, "KiB")
    for each in figures["sweeps"]:
        if each["name"].startswith("ours"):
            pages = -(-each["instances"] // 100)
            listing = pages if "clearing" in each["name"] else 1
            title = f"API calls, sweep of {each['instances']:,}" + (", clearing" if "clearing" in each["name"] else "")
            yield exactly(title, 2 * pages + listing, sum(each["calls"].values()))
    yield at_most(
        "sweep of 100,000, CPU, against DescribeInstances",
        0.04,
        sweep_ratio(figures, "cpu", "ours", "DescribeInstances"),
    )
    yield at_most(
        "sweep of 100,000, wall, against hand-written HTTP",
        3,
        sweep_ratio(figures, "wall", "ours", "hand-written HTTP"),
    )
    large, small = sweep_of(figures, "ours", 100_000), sweep_of(figures, "ours", 10_000)
    clearing = sweep_of(figures, "ours, clearing", 100_000)
    yield at_most("sweep of 100,000, peak memory", 52, large["peak_mib"] if large else None, "MiB")
    growth = large["peak_mib"] / small["peak_mib"] if large and small else None
    yield at_most("peak memory, 100,000 against 10,000", 1.05, growth)
    yield at_most("sweep of 100,000, clearing, peak memory", 64, clearing["peak_mib"] if clearing else None, "MiB")
    pipeline = figures["pipeline"]
    yield at_most(
        f"sweep of {pipeline['instances']:,} at 50 ms a call, pipelined against sequential",
        0.6,
        pipeline["sweep"] / pipeline["sequential"],
    )


def goal_table(figures: Figures) -> str:
    """The table that the README shows: each goal and what was measured."""
    rows = [("Figure", "Goal", "Measured", "")]
    rows += [
        (text, goal, number(value), "met" if met else missed(text, value)) for text, goal, value, met in goals(figures)
    ]
    return table(rows)


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table, the first row its head."""
    head, *body = rows
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if value >= 100 or float(value).is_integer() else f"{value:.3g}"


def missed(text: str, value: float | None) -> str:
    """What is said of a goal that is not reached."""
    if value is None:
        return "not measured"
    return f"**missed**: {REASONS[text]}" if text in REASONS else "**missed**"


def markdown(figures: Figures) -> str:
    """The whole report."""
    machine = figures["machine"]
    counted = "instructions by callgrind" if machine["callgrind"] else "callgrind is not installed: no instructions"
    handlers = [("Handler", "cold, M instructions", "cold CPU x plain", "warm CPU, ms", "API calls")]
    for name, each in figures["handlers"].items():
        counts = number(each["instructions_m"]) if "instructions_m" in each else "-"
        calls = ", ".join(f"{count} {call}" for call, count in each["calls"].items()) or "none"
        handlers.append((name, counts, f"{each['cold_ratio']:.2f}", f"{each['warm_cpu_ms']:.2f}", calls))
    handlers += [(name, "missing: can't be installed here", "", "", "") for name in figures["missing"]]
    swept = [("Sweep", "instances", "CPU, s", "wall, s", "peak, MiB", "API calls")]
    for each in figures["sweeps"]:
        calls = ", ".join(f"{count:,} {call}" for call, count in each["calls"].items())
        seconds = f"{each['cpu']:.2f}", f"{each['wall']:.2f}"
        swept.append((each["name"], f"{each['instances']:,}", *seconds, f"{each['peak_mib']:.0f}", calls))
    modelling = [("Instances", "ms a call", "throttled", "modelled, s", "measured, s")]
    for each in figures["model"]:
        throttled = f"1 of {each['throttle_every']}" if each["throttle_every"] else "none"
        latency = f"{1000 * each['latency']:.0f}"
        seconds = f"{each['modelled']:.1f}", f"{each['measured']:.1f}"
        modelling.append((f"{each['instances']:,}", latency, throttled, *seconds))
    return "\n\n".join(
        [
            f"Python {machine['python']}, {machine['processor']}, {machine['cores']} cores; {counted}.",
            goal_table(figures),
            table(handlers),
            table(swept),
            table(modelling),
        ]
    )


def plot(figures: Figures, path: Path) -> None:
    """Draw the handlers' cold and warm cost, and the sweeps' CPU by size."""
    import matplotlib as mpl  # noqa: PLC0415  (the table does not need it)

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    names = [name for name in figures["handlers"] if name != "client only"]
    ours, other = "#1b6ca8", "#b8c4ce"
    colours = [ours if name == "ours" else other for name in names]
    figure, (cold, warm, swept) = plt.subplots(1, 3, figsize=(15, 4.2), layout="constrained")
    for axes, key, title in (
        (cold, "cold_cpu_ms", "Cold start: CPU, ms"),
        (warm, "warm_cpu_ms", "One more event: CPU, ms (logarithmic)"),
    ):
        values = [figures["handlers"][name][key] for name in names]
        bars = axes.barh(names, values, color=colours)
        axes.bar_label(bars, fmt="%.3g", padding=3)
        axes.invert_yaxis()
        axes.set_title(title, loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.15)
    warm.set_xscale("log")
    for name in dict.fromkeys(each["name"] for each in figures["sweeps"]):
        points = [(each["instances"], each["cpu"]) for each in figures["sweeps"] if each["name"] == name]
        style = {"color": ours, "linewidth": 2.5} if name == "ours" else {"linewidth": 1.2}
        swept.plot(*zip(*points, strict=True), marker="o", label=name, **style)
    swept.set(xscale="log", yscale="log", xlabel="instances")
    swept.set_title("Sweep of a region: CPU, s (logarithmic)", loc="left")
    swept.spines[["top", "right"]].set_visible(False)
    swept.legend(frameon=False)
    figure.savefig(path, dpi=110)


def write(figures: Figures, folder: Path) -> str:
    """Write results.json, results.md and results.png to a folder; returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(figures)
    (folder / "results.json").write_text(json.dumps(figures, indent=2) + "\n")
    (folder / "results.md").write_text(text + "\n")
    plot(figures, folder / "results.png")
    return text
