"""`make security` audits the dependencies or says that it could not; the tools are stand-ins that record nothing."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support import CHECKOUT

# Makes what `python -m venv` and pip would. pip-audit knows a vulnerable release in the sources that $ADVISORIES names.
PYTHON = """#!/bin/sh
mkdir -p "$3/bin" && cd "$3/bin"
printf '#!/bin/sh\\nexit 0\\n' > pip
printf '#!/bin/sh\\necho Passed checks: 1\\n' > checkov
printf '#!/bin/sh\\nexit 0\\n' > bandit
cat > pip-audit <<'END'
#!/bin/sh
case " $* " in
  *" --vulnerability-service $ADVISORIES "*) ;;
  *) echo "jinja2 Dependency not found on PyPI and could not be audited"; exit 1 ;;
esac
case " $* " in
  *" --strict "*" requirements.txt "*) echo "audited with $ADVISORIES"; exit "$FOUND" ;;
  *) echo "jinja2 2.4.1 PYSEC-2014-8 2.7.2"; exit 1 ;;
esac
END
chmod +x ./*
"""


def run(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the script with stand-ins for the tools."""
    python = folder / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if name not in {"CI", "ALLOW_NO_AUDIT"}}
    return subprocess.run(  # noqa: S603  (the repository's own script)
        [CHECKOUT / "tests" / "security" / "run"],
        check=False,
        env=inherited | {"PYTHON": str(python), "ADVISORIES": "none", "FOUND": "0"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("environment", "status"),
    [({}, 0), ({"CI": "true"}, 1), ({"CI": "true", "ALLOW_NO_AUDIT": "1"}, 0)],
    ids=["a developer", "CI", "CI that allows it"],
)
def test_without_advisories(tmp_path: Path, environment: dict[str, str], status: int) -> None:
    """Where no advisories can be reached it says that nothing was audited, and CI fails unless it allows that."""
    finished = run(tmp_path, **environment)

    assert "The dependencies were NOT audited" in finished.stdout
    assert finished.returncode == status, finished.stderr


@pytest.mark.parametrize("found", [0, 1])
@pytest.mark.parametrize("source", ["pypi", "osv"])
def test_with_advisories(tmp_path: Path, source: str, found: int) -> None:
    """The first source that has advisories is asked, and what it finds is an error."""
    finished = run(tmp_path, CI="true", ADVISORIES=source, FOUND=str(found))

    assert finished.stdout.splitlines()[-1] == f"audited with {source}"
    assert finished.returncode == found, finished.stderr
