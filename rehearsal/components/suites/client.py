"""The client's own tests: python3 -m unittest suite"""

import json
import unittest
from pathlib import Path

from client.bundle import PREFIX, bundle


class BundleTest(unittest.TestCase):
    def test_each_version_has_assets_of_its_own(self) -> None:
        one, two = bundle("1"), bundle("2")
        self.assertEqual({path.rpartition(".")[2] for path in one}, {"js", "css"})
        self.assertTrue(all(path.startswith(PREFIX) for path in one))
        self.assertFalse(one.keys() & two.keys())

    def test_the_version_is_told(self) -> None:
        told = json.loads(Path("version.json").read_text(encoding="utf-8"))
        self.assertEqual(sorted(told), ["fault", "version"])


if __name__ == "__main__":
    unittest.main()
