"""zizmor judges the workflows: https://docs.zizmor.sh/audits/."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.oracles.tally import judged
from tests.support import CHECKOUT

ACTION = re.compile(r"uses: (\S+)@[0-9a-f]{40} # v\d+\.\d+\.\d+$", re.MULTILINE)


def findings(directory: Path) -> list[str]:
    """What zizmor finds in a folder of workflows, without asking GitHub."""
    zizmor = Path(sys.executable).with_name("zizmor")
    words = [str(zizmor), "--offline", "--no-config", "--no-exit-codes", "--format=json", "--quiet", str(directory)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603  (a tool of the tests')
    return [f"{each['ident']}: {each['desc']}" for each in json.loads(done.stdout) if not each["ignored"]]


def test_workflows_are_clean() -> None:
    """zizmor finds nothing, and the version of each pinned action stands beside its digest."""
    texts = [path.read_text() for path in (CHECKOUT / ".github" / "workflows").iterdir()]

    assert findings(CHECKOUT / ".github") == []
    assert sum(len(ACTION.findall(text)) for text in texts) == sum(text.count("uses: ") for text in texts) > 0
    judged("files of GitHub's by zizmor", len(list((CHECKOUT / ".github").rglob("*.yml"))))


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        (r"@[0-9a-f]{40} # v(\d+)\S*", r"@v\1", "unpinned-uses"),
        ("persist-credentials: false", "fetch-depth: 1", "artipacked"),
        ("pull_request:", "pull_request_target:", "dangerous-triggers"),
        (r"run: \.ci/run", "run: echo ${{ github.head_ref }}", "template-injection"),
    ],
)
def test_planted_faults_are_found(tmp_path: Path, right: str, wrong: str, found: str) -> None:
    """A workflow with a tag for a digest, kept credentials, a privileged trigger or an injection is refused."""
    folder = shutil.copytree(CHECKOUT / ".github", tmp_path / ".github")
    workflow = folder / "workflows" / "test.yml"
    text = workflow.read_text()
    workflow.write_text(re.sub(right, wrong, text))

    assert found in {each.partition(":")[0] for each in findings(folder)}
