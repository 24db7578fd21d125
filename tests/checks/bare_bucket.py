"""An app with something for every pack to find: without it, a report without findings could mean that none ran."""

import aws_cdk as cdk
import cdk_nag
from aws_cdk import aws_s3 as s3

app = cdk.App()
s3.Bucket(cdk.Stack(app, "Stack"), "Bare")
cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app), cdk_nag.NIST80053R5Checks(app))
app.synth()
