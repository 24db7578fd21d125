"""The versions that the tests speak of."""

OLD, NEW = (f"sha256:{letter * 64}" for letter in "ab")
