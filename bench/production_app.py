"""The synth of every stack of production, in this process, as ``app.py`` does it."""

import json

import aws_cdk as cdk

from bench.project import ROOT
from stacks.composition import compose
from stacks.settings import load_settings

context = json.loads((ROOT / "cdk.json").read_text())["context"]
app = cdk.App(context=context, tree_metadata=False)
compose(app, load_settings("prod2"))
app.synth()
