"""The operator's command line, `python -m release`: starts release machines and watches them; it releases nothing."""

import stacks  # noqa: F401  (sets the import roots)
