"""Custom resources of CloudFormation: what a deployment needs and no resource type tells."""
