"""Why there is nothing to show."""


class DiffError(Exception):
    """The comparison could not be made; the message says what stood in the way and what to do."""
