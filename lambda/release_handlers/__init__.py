"""Holds the functions that AWS calls: each parses, fetches facts, lets the engine decide, and acts."""

import gc

# Importing botocore and making clients builds hundreds of thousands of objects that stay. The collector would look at
# them over and over again, for an eighth of a cold start; what a function leaves behind in cycles is next to nothing.
gc.set_threshold(100_000, 10, 10)
