"""What was measured, as a table with goals, as JSON and as a plot."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Figures = Mapping[str, Any]

# Seconds that the function and the stub work on a page beside waiting; measured, see results.md.
PAGE_WORK = 0.005


def modelled(instances: int, latency: float, rate: float = 0) -> float:
    """Seconds that a sweep with clearing takes by the model of docs/performance.md.

    Args:
        instances: in the region, each with a result of an earlier sweep.
        latency: of a call, in seconds.
        rate: calls of one name a second that AWS Config lets pass; 0 is any number.
    """
    pages = instances / 100
    page = max(latency + PAGE_WORK, 1 / rate if rate else 0)
    # Pages are fetched one after the other, each reported while the next is fetched. Then the results are listed.
    return latency + pages * page + pages * page


class Goal(NamedTuple):
    """A figure and its bound; ``sign`` is "≤", "≥" or "=", ``value`` None where it was not measured."""

    text: str
    sign: str
    bound: float
    value: float | None
    unit: str = "×"

    @property
    def outcome(self) -> str:
        """Whether it is met, and by how much, as a share of the bound."""
        if self.value is None:
            return "not measured"
        met = {"≤": self.value <= self.bound, "≥": self.value >= self.bound, "=": self.value == self.bound}[self.sign]
        apart = 100 * abs(self.value - self.bound) / self.bound
        return f"{'met' if met else '**missed**'}" + (f", by {apart:.0f} %" if apart >= 0.5 else "")


def goals(figures: Figures) -> Iterator[Goal]:
    """Each goal, and what was measured."""
    handlers, sweeps = figures["handlers"], figures["sweeps"]

    def of(name: str, figure: str) -> float | None:
        found: float | None = handlers.get(name, {}).get(figure)
        return found

    def swept(name: str, figure: str, size: int = 100_000) -> float | None:
        found = [each for each in sweeps if (each["name"], each["instances"]) == (name, size)]
        return found[0].get(figure) if found else None

    def ratio(one: float | None, other: float | None) -> float | None:
        return one / other if one and other else None

    instructions = ratio(of("ours", "instructions_m"), of("plain", "instructions_m"))
    yield Goal("cold start, instructions, against plain", "≤", 1.03, instructions)
    yield Goal("warm, CPU an event, against plain", "≤", 1.10, of("ours", "warm_ratio"))
    yield Goal("warm, CPU an event, rdklib against ours", "≥", 20, of("rdklib", "warm_against_ours"))
    for name, bound in (("rdklib", 1.2), ("Powertools", 1.35), ("Cloud Custodian", 1.8)):
        yield Goal(f"cold start, CPU, {name} against ours", "≥", bound, of(name, "cold_against_ours"))
    yield Goal("API calls of a changed instance", "=", 1, sum(figures["calls"]["change"].values()), "")
    yield Goal("API calls of an oversized one", "=", 2, sum(figures["calls"]["oversized"].values()), "")
    yield Goal("deployed zip", "≤", 20, figures["zip_bytes"] / 1024, "KiB")
    for each in sweeps:
        if each["name"].startswith("ours"):
            pages = -(-each["instances"] // 100)
            # With clearing: a listing for each 100 results, a lookup and a put for each 100 of those that are cleared.
            clearing = pages + 2 * -(-pages // 100) if "clearing" in each["name"] else 1
            title = f"API calls of a sweep of {each['instances']:,}" + (", clearing" if clearing > 1 else "")
            yield Goal(title, "=", 2 * pages + clearing, sum(each["calls"].values()), "")
    cpu = ratio(swept("DescribeInstances", "cpu"), swept("ours", "cpu"))
    yield Goal("sweep of 100,000, CPU, DescribeInstances against ours", "≥", 25, cpu)
    wall = ratio(swept("ours", "wall"), swept("hand-written HTTP", "wall"))
    yield Goal("sweep of 100,000, wall, against hand-written HTTP", "≤", 3, wall)
    peak = swept("ours", "peak_mib")
    yield Goal("sweep of 100,000, peak memory", "≤", 52, peak, "MiB")
    yield Goal(
        "peak memory, 100,000 instances against 10,000", "≤", 1.05, ratio(peak, swept("ours", "peak_mib", 10_000))
    )
    yield Goal("sweep of 100,000, clearing, peak memory", "≤", 64, swept("ours, clearing", "peak_mib"), "MiB")
    pipeline = figures["pipeline"]
    title = f"sweep of {pipeline['instances']:,} at 50 ms a call, pipelined against sequential"
    yield Goal(title, "≤", 0.6, pipeline["sweep"] / pipeline["sequential"])


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table, the first row its head, numbers to the right."""
    head, *body = rows
    lines = [head, ("---", *("--:" for _ in head[1:])), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 or float(value).is_integer() else f"{value:.3g}"


def calls_of(calls: Mapping[str, int]) -> str:
    """Calls by name, the most frequent first."""
    ordered = sorted(calls.items(), key=lambda each: -each[1])
    return ", ".join(f"{count:,} {name}" for name, count in ordered) or "none"


def markdown(figures: Figures) -> str:
    """The whole report."""
    machine = figures["machine"]
    counted = "" if machine["callgrind"] else " Without valgrind there are no instructions, only CPU time."
    reached = [("Figure", "Goal", "Measured", "")]
    reached += [
        (goal.text, f"{goal.sign} {goal.bound:g} {goal.unit}".strip(), number(goal.value), goal.outcome)
        for goal in goals(figures)
    ]
    handlers: list[tuple[str, ...]] = [
        (
            "Handler",
            "cold, M instructions",
            "cold CPU × plain",
            "first event, CPU ms",
            "warm, CPU ms",
            "warm × plain",
            "API calls",
        )
    ]
    for name, each in figures["handlers"].items():
        called = name != "client only"
        handlers.append(
            (
                name,
                number(each.get("instructions_m")),
                f"{each['cold_ratio']:.2f}",
                number(each["first_cpu_ms"]) if called else "–",
                number(each["warm_cpu_ms"]) if called else "–",
                f"{each['warm_ratio']:.2f}" if called else "–",
                calls_of(each["calls"]),
            )
        )
    handlers += [(f"{name}: missing, it can't be installed here", *[""] * 6) for name in figures["missing"]]
    swept = [("Sweep", "instances", "CPU, s", "wall, s", "peak, MiB", "API calls")]
    for each in figures["sweeps"]:
        measured = ["not run at this size", "", "", ""]
        if "cpu" in each:
            seconds = f"{each['cpu']:.2f}", f"{each['wall']:.2f}"
            measured = [*seconds, f"{each['peak_mib']:.1f}", calls_of(each["calls"])]
        swept.append((each["name"], f"{each['instances']:,}", *measured))
    modelling = [("Sweep with clearing of", "ms a call", "calls a second", "throttled", "modelled, s", "measured, s")]
    for each in figures["model"]:
        rate = f"{each['rate']:g} of a name" if each["rate"] else "any number"
        seconds = f"{each['modelled']:.1f}", f"{each['measured']:.1f}"
        modelling.append(
            (f"{each['instances']:,}", f"{1000 * each['latency']:.0f}", rate, f"{each['throttled']:,}", *seconds)
        )
    pipeline = figures["pipeline"]
    took = f" The run took {figures['minutes']} minutes." if "minutes" in figures else ""
    return "\n\n".join(
        [
            f"Python {machine['python']}, {machine['processor']}, {machine['cores']} cores.{counted}{took}",
            table(reached),
            table(handlers),
            table(swept),
            f"A sweep of {pipeline['instances']:,} at 50 ms a call took {pipeline['sweep']:.1f} s, and"
            f" {pipeline['sequential']:.1f} s one call after the other.",
            table(modelling),
        ]
    )


OURS, CLEARING, OTHERS = "#0b5cad", "#4f9be0", ["#8a8f98", "#c2410c", "#15803d", "#7e22ce"]


def bars(axes: Any, title: str, label: str, values: Mapping[str, float], *, log: bool = False) -> None:
    """One bar a handler, the cheapest first."""
    names = sorted(values, key=lambda name: values[name], reverse=True)
    colours = [OURS if name == "ours" else "#c9ced6" for name in names]
    drawn = axes.barh(names, [values[name] for name in names], color=colours)
    axes.bar_label(drawn, labels=[number(values[name]) for name in names], padding=3, fontsize=9)
    axes.set_xlabel(label)
    axes.set_title(title, loc="left", fontweight="bold")
    if log:
        axes.set_xscale("log")
        axes.set_xlim(right=3 * max(values.values()))
    axes.margins(x=0.15)


def lines(axes: Any, title: str, label: str, sweeps: Sequence[Figures], figure: str) -> None:
    """One line a sweep, over the size of the region."""
    others = iter(OTHERS)
    for name in dict.fromkeys(each["name"] for each in sweeps):
        points = [(each["instances"], each[figure]) for each in sweeps if each["name"] == name and figure in each]
        colour = {"ours": OURS, "ours, clearing": CLEARING}.get(name) or next(others)
        axes.plot(*zip(*points, strict=True), marker="o", markersize=5, label=name, color=colour)
    axes.set(xscale="log", yscale="log", xlabel="instances in the region", ylabel=label)
    axes.set_xticks(sorted({each["instances"] for each in sweeps}), minor=False)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.minorticks_off()
    axes.grid(visible=True, which="major", color="#e5e7eb")
    axes.set_title(title, loc="left", fontweight="bold")


def plot(figures: Figures, path: Path) -> None:
    """Draw the handlers' cold and warm cost, and the sweeps' CPU and memory by size."""
    import matplotlib as mpl  # noqa: PLC0415  (the table does not need it)

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    handlers = figures["handlers"]
    figure, grid = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
    if figures["machine"]["callgrind"]:
        cold, label = "instructions_m", "million instructions"
    else:
        cold, label = "cold_cpu_ms", "CPU, ms"
    bars(grid[0][0], "Cold start and first event", label, {name: each[cold] for name, each in handlers.items()})
    warm = {name: each["warm_cpu_ms"] for name, each in handlers.items() if name != "client only"}
    bars(grid[0][1], "One more event", "CPU, ms (logarithmic)", warm, log=True)
    lines(grid[1][0], "Sweep of a region: CPU", "CPU, s (logarithmic)", figures["sweeps"], "cpu")
    lines(grid[1][1], "Sweep of a region: memory", "peak, MiB (logarithmic)", figures["sweeps"], "peak_mib")
    grid[1][1].set_yticks([20, 50, 100, 200])
    figure.legend(*grid[1][0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def write(figures: Figures, folder: Path) -> str:
    """Write results.json, results.md and results.png to a folder; returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown(figures)
    (folder / "results.json").write_text(json.dumps(figures, indent=2) + "\n")
    (folder / "results.md").write_text(text + "\n")
    plot(figures, folder / "results.png")
    return text
