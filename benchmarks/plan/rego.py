"""Evaluates a Rego policy with rego-cpp where OPA itself is not installed: ``python rego.py POLICY PLAN``."""

import base64
import json
import sys
from pathlib import Path

from regopy import Interpreter  # type: ignore[import-not-found]  # in the environment of this peer only

interpreter = Interpreter()
interpreter.add_module("policy", Path(sys.argv[1]).read_text(encoding="utf-8"))
interpreter.set_input(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
# regopy cannot return strings with quotes, as addresses with keys have them.
output = interpreter.query("[base64.encode(each) | each := data.key_pair.found[_]]")
for address in json.loads(str(output))["expressions"][0]:
    print(base64.b64decode(address).decode())
