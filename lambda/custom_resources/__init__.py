"""Custom resources of CloudFormation: they tell what a deployment needs and no resource type tells."""
