"""A real containerd keeps the promises that the unit tests' fake runtime makes for it.

The same check runs against both: tests/support/cri_contract.cc.
"""
import unittest

from harness import environment, paths
from harness.containerd import BUSYBOX, Containerd
from harness.processes import run_result


class CriContractTest(unittest.TestCase):
    def test_containerd_keeps_the_contract(self):
        directory = environment.current.directory / type(self).__name__
        containerd = Containerd(directory / "containerd")
        self.addCleanup(containerd.stop)
        containerd.create()
        logs = directory / "logs"
        logs.mkdir(parents=True)
        check = paths.REPO / "build" / "dev" / "bin" / "cri_contract"
        result = run_result(check, containerd.endpoint, BUSYBOX, logs, timeout_s=120)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        self.assertEqual(containerd.sandboxes(), [])
