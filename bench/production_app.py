"""The synth of production: ``app.py`` itself, told by the environment what the CDK command line tells it."""

import json
import os
import runpy

from bench.measuring import ROOT

context = json.loads((ROOT / "cdk.json").read_text())["context"]
os.environ["CDK_CONTEXT_JSON"] = json.dumps(context | {"environment": "prod2"})
runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
