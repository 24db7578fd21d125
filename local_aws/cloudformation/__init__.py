"""CloudFormation: what stock ministack lacks of stacks and resource types."""
