"""The synth of an empty stack: what every CDK application in this Python pays before it does anything."""

import aws_cdk as cdk

app = cdk.App()
cdk.Stack(app, "Empty")
app.synth()
