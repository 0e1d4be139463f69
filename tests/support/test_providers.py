"""Provider discovery: each way to the providers, and the message when there is none."""

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support import providers
from tests.support.providers import ProviderNotFoundError, pinned_versions, provider_environment

NO_REGISTRY = "http://127.0.0.1:9/.well-known/terraform.json"  # the discard port: nothing listens


@contextmanager
def registry(body: str) -> Iterator[str]:
    """Serve a discovery document, as the registry does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (its base's name)
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/.well-known/terraform.json"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(providers, "SEARCHED", ())


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A machine on which nothing is configured and no mirror is kept."""
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "share")}


def add_to_mirror(mirror: Path, provider: str, *versions: str) -> Path:
    """Unpack a provider of no content to a mirror."""
    for version in versions:
        folder = mirror / providers.NAMESPACE / provider / version / providers._platform()
        folder.mkdir(parents=True)
        (folder / f"terraform-provider-{provider}_v{version}_x5").touch()
    return mirror


def test_nothing_is_set_where_the_registry_answers(tmp_path: Path, environment: dict[str, str]) -> None:
    """The real providers are used."""
    with registry('{"providers.v1": "/v1/providers/"}') as url:
        assert provider_environment(tmp_path, environment, registry_url=url) == {}


def test_an_answer_that_is_no_registrys_does_not_count(tmp_path: Path, environment: dict[str, str]) -> None:
    """A portal that responds to everything with its own page is not a registry."""
    with registry("<html>Log in</html>") as url, pytest.raises(ProviderNotFoundError):
        provider_environment(tmp_path, environment, registry_url=url)


def test_a_named_configuration_is_respected(tmp_path: Path, environment: dict[str, str]) -> None:
    """It is used as it is, wherever Terraform is started."""
    config = tmp_path / "my.tfrc"
    config.touch()
    found = provider_environment(tmp_path, {**environment, "TF_CLI_CONFIG_FILE": str(config)}, registry_url=NO_REGISTRY)
    assert found == {"TF_CLI_CONFIG_FILE": str(config)}


def test_the_homes_configuration_is_respected_if_it_says_where_providers_are(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """A configuration that has provider_installation only in a comment is not used."""
    config = Path(environment["HOME"]) / ".terraformrc"
    config.write_text("# provider_installation {}\n")
    with pytest.raises(ProviderNotFoundError):
        provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    config.write_text("provider_installation {}\n")
    found = provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    assert found == {"TF_CLI_CONFIG_FILE": str(config)}


def test_a_named_configuration_that_does_not_exist_is_replaced(tmp_path: Path, environment: dict[str, str]) -> None:
    """By an empty one with a registry, by one with mirrors without."""
    environment |= {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing"), "TF_PLUGIN_MIRROR_DIR": str(tmp_path / "mirror")}
    add_to_mirror(tmp_path / "mirror", "aws", "5.100.0")
    with registry('{"providers.v1": "/v1/providers/"}') as url:
        found = provider_environment(tmp_path, environment, registry_url=url)
        assert found == {"TF_CLI_CONFIG_FILE": os.devnull}
    found = provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    assert str(tmp_path / "mirror") in Path(found["TF_CLI_CONFIG_FILE"]).read_text()


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"TF_PLUGIN_MIRROR_DIR": "mirror"}, "mirror"),
        ({"TF_PLUGIN_CACHE_DIR": "cache"}, "cache"),
        ({}, "home/.terraform.d/plugins"),
        ({}, "home/.local/share/terraform/plugins"),
        ({"XDG_DATA_HOME": "data"}, "data/terraform/plugins"),
        ({}, "share/terraform/plugins"),
        ({}, "opt/whatever"),
    ],
)
def test_mirrors_are_found_where_they_are_kept(
    tmp_path: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    place: str,
) -> None:
    """In the folder that is named, in Terraform's own, and in those of images and packages."""
    monkeypatch.setattr(providers, "SEARCHED", (f"{tmp_path}/opt/*",))
    mirror = add_to_mirror(tmp_path / place, "aws", "5.100.0")
    environment |= {name: str(tmp_path / value) for name, value in variables.items()}
    found = provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    assert json.dumps(str(mirror)) in Path(found["TF_CLI_CONFIG_FILE"]).read_text()


@pytest.mark.parametrize(
    ("versions", "asked", "pinned"),
    [
        (["5.100.0", "6.2.0"], None, "5.100.0"),
        (["5.99.1", "5.101.0", "6.10.0", "6.9.0"], None, "6.10.0"),
        (["5.100.0", "6.2.0"], "6.2.0", "6.2.0"),
        (["5.101.0", "7.0.0"], None, "5.101.0"),
        (["5.99.1", "6.0.0-beta1"], None, None),
        (["7.0.0"], None, None),
        (["5.100.0"], "6.2.0", None),
    ],
)
def test_the_version_is_what_was_asked_for_or_tried_or_else_the_newest(
    tmp_path: Path, environment: dict[str, str], versions: list[str], asked: str | None, pinned: str | None
) -> None:
    """And the caller is told, for ``Root`` pins it."""
    environment["TF_PLUGIN_MIRROR_DIR"] = str(add_to_mirror(tmp_path / "mirror", "aws", *versions))
    if asked:
        environment["TF_TEST_AWS_PROVIDER_VERSION"] = asked
    if pinned is None:
        with pytest.raises(ProviderNotFoundError):
            provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    else:
        found = provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
        assert pinned_versions(found)["aws"] == pinned


def test_the_stand_in_says_so(tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line tells that hashicorp/archive is not the real one."""
    environment["TF_PLUGIN_MIRROR_DIR"] = str(add_to_mirror(tmp_path / "mirror", "aws", "5.100.0"))
    provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    assert "a stand-in takes the place of hashicorp/archive" in capsys.readouterr().err


def test_a_mirrored_archive_provider_is_preferred(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be in another mirror than the AWS provider."""
    environment["TF_PLUGIN_MIRROR_DIR"] = str(add_to_mirror(tmp_path / "mirror", "aws", "5.100.0"))
    add_to_mirror(tmp_path / "home/.terraform.d/plugins", "archive", "2.8.0")
    found = provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    assert pinned_versions(found)["archive"] == "2.8.0"
    assert "stand-in" not in Path(found["TF_CLI_CONFIG_FILE"]).read_text() + capsys.readouterr().err


def test_a_provider_needs_no_version_in_its_file_name(tmp_path: Path, environment: dict[str, str]) -> None:
    """Terraform takes one that is named for the provider alone as well."""
    mirror = add_to_mirror(tmp_path / "mirror", "aws", "5.100.0")
    for path in mirror.rglob("terraform-provider-aws_*"):
        path.rename(path.with_name("terraform-provider-aws"))
    environment["TF_PLUGIN_MIRROR_DIR"] = str(mirror)
    found = provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    assert pinned_versions(found)["aws"] == "5.100.0"


def test_the_stand_in_needs_no_home_and_starts_beside_others(tmp_path: Path) -> None:
    """Several processes start at the same time without a home directory, and survive a Ctrl-C."""
    launcher = next((providers._write_stand_in(tmp_path, "2.7.1").mirror).rglob("terraform-provider-archive_v2.7.1"))
    greetings, statuses = [], []
    with tempfile.TemporaryDirectory() as scratch:  # for what killed processes leave; short, since sockets are in it
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TMPDIR": scratch}
        started = [
            subprocess.Popen([str(launcher)], stdout=subprocess.PIPE, env=environment, text=True)  # noqa: S603
            for _ in range(4)
        ]
        for process in started:
            with process:
                greetings.append(process.stdout.readline() if process.stdout else "")
                process.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.3)
                statuses.append(process.poll())
                process.kill()
    assert all(greeting.startswith("1|6|unix|") for greeting in greetings)
    assert statuses == [None] * 4


def test_without_any_provider_the_message_says_what_to_do(tmp_path: Path, environment: dict[str, str]) -> None:
    """It names the provider, the version, the folder and the variable."""
    with pytest.raises(ProviderNotFoundError) as error:
        provider_environment(tmp_path, environment, registry_url=NO_REGISTRY)
    for part in ("hashicorp/aws 5.100.0", "registry.terraform.io", "TF_PLUGIN_MIRROR_DIR", "Connect to the registry"):
        assert part in str(error.value)
