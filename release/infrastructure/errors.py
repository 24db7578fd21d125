"""Why infrastructure is not deployed."""


class NotDeployableError(Exception):
    """Nothing was deployed; the message says what stood in the way and what to do."""
