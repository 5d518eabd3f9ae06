"""Base class of the tests that speak the lane by hand."""
import re
import secrets

from .case import EdgeTestCase
from .edgecore import EdgeCore
from .lane_client import Hub, Identity
from .wait import wait_until


class LaneTestCase(EdgeTestCase):
    """Has a cloudcore, and `hub` to reach it once somebody has joined()."""

    hub: Hub

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.hub = Hub(cls.cloudcore.address, cls.cloudcore.hub_port, cls.directory / "hub-ca.crt")

    @classmethod
    def joined(cls, name: str) -> Identity:
        """A node that joined and whose edgecore never ran."""
        node = f"{name}-{secrets.token_hex(3)}"
        directory = cls.directory / node
        edge = EdgeCore(directory, node, f"unix://{directory}/absent.sock")
        cls.addClassCleanup(cls.api.delete, "nodes", node)
        answer = edge.join(f"{cls.hub.host}:{cls.hub.port}", cls.cloudcore.create_token())
        assert answer.returncode == 0, answer.stderr
        cls.hub.ca.write_bytes((edge.data_dir / "identity" / "ca.crt").read_bytes())
        return Identity.of(node, edge.data_dir)

    def log_mark(self) -> int:
        return len(self.cloudcore.process.output())

    def wait_log(self, mark: int, *patterns: str, timeout_s: float = 5) -> str:
        """One line of cloudcore since `mark` that has all of these."""
        def find() -> str | None:
            for line in self.cloudcore.process.output()[mark:].splitlines():
                if all(re.search(pattern, line) for pattern in patterns):
                    return line
            return None
        return wait_until(find, timeout_s, f"cloudcore says {patterns}", interval_s=0.01,
                          seen=lambda: self.cloudcore.process.output()[mark:])
