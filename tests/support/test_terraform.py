"""The adapter: one small root is planned, applied and planned again."""

import json
import os
import signal
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.providers import pinned_versions, provider_environment
from tests.support.terraform import Plan, Root, TerraformError, copy_module

CONFIGURATION = """
variable "names" {
  type    = set(string)
  default = ["default"]

  validation {
    condition     = !contains(var.names, "bad")
    error_message = "names must not contain \\"bad\\", said in a sentence that Terraform wraps, such as [\\"good\\"]."
  }
}

variable "settings" {
  type    = object({ size = number, tags = map(string), label = optional(string, "none") })
  default = null
}

variable "label" {
  type     = string
  nullable = false
  default  = "default"

  validation {
    condition     = var.label != "bad"
    error_message = "label must not be \\"bad\\"."
  }
}

module "package" {
  source = "./package"
  names  = var.names
}

output "values" { value = { names = var.names, settings = var.settings, label = var.label } }
output "environment" { value = module.package.sha256 }
"""

PACKAGE = """
variable "names" { type = set(string) }

data "archive_file" "this" {
  type             = "zip"
  source_dir       = "${path.module}/source"
  excludes         = ["**/__pycache__/**"]
  output_path      = "${path.root}/build/package.zip"
  output_file_mode = "0644"
}

resource "terraform_data" "this" {
  for_each = var.names
  input    = data.archive_file.this.output_base64sha256
}

data "archive_file" "deferred" {
  type                    = "zip"
  source_content          = join("", values(terraform_data.this)[*].id)
  source_content_filename = "ids"
  output_path             = "${path.root}/build/deferred.zip"
}

output "sha256" { value = data.archive_file.this.output_base64sha256 }
"""

VARIABLES = {"names": {"a", "b"}, "settings": {"size": 3, "tags": {"t": "ü"}, "label": None}, "label": None}


@dataclass(frozen=True, slots=True)
class Life:
    """A root, its plan before it is applied, and its plan after."""

    root: Root
    first: Plan
    second: Plan


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """The whole life of one root, shared because each command takes seconds."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "main.tf").write_text(CONFIGURATION)
    source = folder / "package/source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "__pycache__/code.pyc").touch()
    (source / "code.py").touch()
    (folder / "package/main.tf").write_text(PACKAGE)
    root = Root(folder, provider_environment(tmp_path_factory.mktemp("providers"), os.environ), ["archive"])
    root.init()
    first = root.plan(**VARIABLES)
    root.apply(**VARIABLES)
    return Life(root, first, root.plan(**VARIABLES))


def test_a_plan_tells_resources_and_data_of_all_modules(life: Life) -> None:
    """By their full addresses."""
    sha256 = life.first.data["module.package.data.archive_file.this"]["output_base64sha256"]
    assert life.first.resources['module.package.terraform_data.this["a"]']["input"] == sha256
    assert life.first.outputs["environment"] == sha256


def test_a_plan_says_what_it_lacks(life: Life) -> None:
    """A look-up that fails names what was looked up, and the resources of the same type."""
    with pytest.raises(LookupError, match=r'no terraform_data.this, but module.package.terraform_data.this\["a"\], '):
        life.first.resources["terraform_data.this"]

    with pytest.raises(LookupError, match=r"the plan has no putput, but .*input"):
        life.first.resources['module.package.terraform_data.this["a"]']["putput"]


def test_a_plan_tells_what_changes_and_what_is_not_known_yet(life: Life) -> None:
    """A resource that is to be created has no id yet."""
    addresses = [f'module.package.terraform_data.this["{name}"]' for name in ("a", "b")]
    assert life.first.changes == {address: ["create"] for address in addresses}
    assert life.first.unknown[addresses[0]]["id"] is True
    assert not life.first.is_empty


def test_a_plan_tells_what_a_deferred_data_source_will_read(life: Life) -> None:
    """As far as it is known; after the apply all of it."""
    address = "module.package.data.archive_file.deferred"
    assert life.first.data[address]["source_content_filename"] == "ids"
    assert life.first.unknown[address]["output_sha256"] is True
    assert "output_sha256" not in life.first.data[address]
    assert life.second.data[address]["output_sha256"]


def test_a_second_plan_is_empty(life: Life) -> None:
    """Nothing that the archive provider says has changed."""
    assert life.second.is_empty
    assert life.second.changes == {}


def test_values_of_every_type_reach_terraform(life: Life) -> None:
    """A set, an object with a map, and null for a default."""
    settings = {"size": 3, "tags": {"t": "ü"}, "label": "none"}
    assert life.root.outputs()["values"] == {"names": ["a", "b"], "settings": settings, "label": "default"}


def test_the_archive_holds_no_bytecode(life: Life) -> None:
    """Whichever archive provider made it."""
    with zipfile.ZipFile(life.root.directory / "build/package.zip") as package:
        assert package.namelist() == ["code.py"]
        assert package.infolist()[0].external_attr >> 16 & 0o777 == 0o644


def test_providers_are_pinned(life: Life) -> None:
    """To what was tried, or asked for."""
    versions = pinned_versions(os.environ)
    constraint = life.first.configuration["provider_config"]["archive"]["version_constraint"]
    assert constraint == versions["archive"]


def test_each_refused_value_is_told_in_one_readable_line(life: Life) -> None:
    """A test can look for a phrase, wherever Terraform wraps it."""
    with pytest.raises(TerraformError) as error:
        life.root.plan(names={"bad"}, label="bad")
    lines = str(error.value).splitlines()
    assert [line.split(" on ")[0] for line in lines] == ["Error: Invalid value for variable"] * 2
    phrase = 'names must not contain "bad", said in a sentence that Terraform wraps, such as ["good"].'
    assert phrase in str(error.value)
    assert not set("│├─╷╵\x1b") & set(str(error.value))


def test_an_undeclared_variable_is_an_error(life: Life) -> None:
    """Terraform would only warn, and a test with a misspelt variable would pass."""
    with pytest.raises(TerraformError, match="undeclared variable: nmaes"):
        life.root.plan(nmaes={"a"})


def test_invalid_syntax_is_an_error(tmp_path: Path) -> None:
    """Found by validate, with the place."""
    (tmp_path / "main.tf").write_text('output "x" { value = local.missing }\n')
    root = Root(tmp_path, {}, ())
    root.init()
    with pytest.raises(TerraformError, match=r"main.tf line 1.*has not been declared"):
        root.validate()


def test_an_interrupt_waits_for_terraform(tmp_path: Path) -> None:
    """What was being made is in the state, so that it can be destroyed."""
    started, interrupted, ended = (tmp_path / name for name in ("started", "interrupted", "ended"))
    command = f"touch '{started}'; while ! [ -e '{interrupted}' ]; do sleep 0.1; done; touch '{ended}'"
    (tmp_path / "main.tf").write_text(
        'resource "terraform_data" "this" {\n'
        f'  provisioner "local-exec" {{\n    command = {json.dumps(command)}\n  }}\n'
        "}\n"
    )
    root = Root(tmp_path, {}, ())
    root.init()

    def interrupt() -> None:
        deadline = time.monotonic() + 30
        while not started.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)  # in which an adapter that does not wait would be back
        interrupted.touch()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        root.apply()
    thread.join()
    assert ended.exists()
    assert root.plan().is_empty


def test_a_copy_holds_the_module_and_nothing_else(tmp_path: Path) -> None:
    """No bytecode, no state, no tests."""
    copied = copy_module(tmp_path / "module")
    names = {path.relative_to(copied).as_posix() for path in copied.rglob("*") if path.is_file()}
    assert {"main.tf", "versions.tf", "lambda/evaluator/handler.py", "examples/minimal/main.tf"} <= names
    assert not [name for name in names if "__pycache__" in name or ".terraform" in name or name.startswith("tests")]


def test_terraform_sees_no_aws_settings_but_those_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's AWS credentials and Terraform variables do not reach a test."""
    monkeypatch.setenv("TF_VAR_label", "from outside")
    monkeypatch.setenv("AWS_PROFILE", "production")
    (tmp_path / "main.tf").write_text('variable "label" { default = "own" }\noutput "label" { value = var.label }\n')
    root = Root(tmp_path, {"AWS_REGION": "eu-central-1"}, ())
    root.init()
    root.apply()
    assert root.outputs() == {"label": "own"}
    assert "AWS_PROFILE" not in root._terraform._environment
