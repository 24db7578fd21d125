"""The backend's own tests: python3 -m unittest suite"""

import json
import sqlite3
import sys
import types
import unittest
from pathlib import Path

package = types.ModuleType("components")  # as the image has it: this folder is the package's content
package.__path__ = [str(Path(__file__).parent)]
sys.modules["components"] = package

from components.backend.stores import OVERLAPPING_SCHEDULERS  # noqa: E402
from components.base.faults import Faults  # noqa: E402


class BackendTest(unittest.TestCase):
    def test_the_version_is_told(self) -> None:
        version = json.loads(Path("version.json").read_text(encoding="utf-8"))
        self.assertEqual(sorted(version), ["fault", "version"])

    def test_a_good_version_reads_its_settings_as_they_are(self) -> None:
        environment = {"DATABASE_PORT": "5432"}
        self.assertEqual(Faults("none").misled(environment), environment)

    def test_two_schedulers_at_once_are_seen(self) -> None:
        for ticks, overlaps in (([("a", 1), ("a", 2), ("b", 3)], 0), ([("a", 1), ("b", 2), ("a", 3)], 1)):
            with self.subTest(ticks=ticks), sqlite3.connect(":memory:") as database:
                database.execute("create table ticks (scheduler text, at integer)")
                database.executemany("insert into ticks values (?, ?)", ticks)
                self.assertEqual(database.execute(OVERLAPPING_SCHEDULERS).fetchone(), (overlaps,))


if __name__ == "__main__":
    unittest.main()
