"""The fault tests' own tool: it dies at the commit that was asked for, and at no other."""

import subprocess
import sys

import pytest

from shards.fault import CommitFault

SCRIPT = """
from shards.fault import CommitFault
fault = CommitFault("{setting}")
for number in range(1, 6):
    fault.reached("before")
    print("committed", number, flush=True)
    fault.reached("after")
"""


@pytest.mark.parametrize(("setting", "seen"), [("3:before", 2), ("3:after", 3), ("3", 3), ("", 5), ("9", 5)])
def test_it_dies_at_the_nth_commit(setting: str, seen: int) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(setting=setting)], capture_output=True, text=True)
    assert done.stdout.count("committed") == seen
    assert (done.returncode == -9) is (seen < 5)


@pytest.mark.parametrize("setting", ["x", "3:never", ":after"])
def test_a_senseless_setting_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="."):
        CommitFault(setting)
