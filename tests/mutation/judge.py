"""What mutmut found: prints each mutant that survived, and fails unless equivalent.toml lists it.

Runs in mutmut's folder, with the arguments that mutmut had. A mutant is known by its module and by the lines that it
removes and adds, for mutmut numbers mutants anew with each change of the code.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

# What a mutant that does harm ends as. "no tests" and the like are as bad as "survived".
DETECTED = {"killed", "timeout"}


def mutmut(*arguments: str) -> str:
    """The output of a mutmut command."""
    return subprocess.run(["mutmut", *arguments], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607


def change(mutant: str) -> tuple[str, str]:
    """What a mutant removes and adds, as text without indentation."""
    lines = re.findall(r"^([-+])(?![-+]{2} )(.*)$", mutmut("show", mutant), re.MULTILINE)
    removed, added = (" ".join(text.strip() for sign, text in lines if sign == wanted) for wanted in "-+")
    return removed, added


def main() -> int:
    """Judge the run; returns the exit status."""
    results = dict(re.findall(r"^ *(\S+): (.+)$", mutmut("results", "--all", "true"), re.MULTILINE))
    if sys.argv[1:]:
        results = {mutant: status for mutant, status in results.items() if status != "not checked"}
    listed = {
        (each["module"], each["removed"], each["added"])
        for each in tomllib.loads(Path("equivalent.toml").read_text())["equivalent"]
    }
    survivors = {}
    for mutant, status in results.items():
        if status not in DETECTED:
            module = mutant.rpartition(".")[0]
            survivors[module, *change(mutant)] = f"{mutant}: {status}"
    unlisted = {each: text for each, text in survivors.items() if each not in listed}
    for (_, removed, added), text in unlisted.items():
        print(f"{text}\n  - {removed}\n  + {added}")
    needless = [] if sys.argv[1:] else sorted(listed - survivors.keys())
    for module, removed, added in needless:
        # No failure, for a mutant that is only slower times out now and then.
        print(f"{module}: listed, but did not survive\n  - {removed}\n  + {added}")
    print(f"{len(results)} mutants, {len(survivors)} survived, {len(survivors) - len(unlisted)} of them equivalent")
    return 1 if unlisted or not results else 0


if __name__ == "__main__":
    sys.exit(main())
