"""The client's own tests: python3 -m unittest suite"""

import json
import unittest
from pathlib import Path

from client.bundle import PREFIX, bundle


class BundleTest(unittest.TestCase):
    def test_each_version_has_assets_of_its_own(self) -> None:
        first, second = bundle("1"), bundle("2")
        self.assertEqual({path.rpartition(".")[2] for path in first}, {"js", "css"})
        self.assertTrue(all(path.startswith(PREFIX) for path in first))
        self.assertFalse(first.keys() & second.keys())

    def test_the_version_is_told(self) -> None:
        version = json.loads(Path("version.json").read_text(encoding="utf-8"))
        self.assertEqual(sorted(version), ["fault", "version"])


if __name__ == "__main__":
    unittest.main()
