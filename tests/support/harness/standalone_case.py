"""The bases of tests of `cloudcore --standalone`: one cloudcore for a class, and one real edge."""
import json
import secrets
import unittest

from . import environment, host_traces
from .case import condition
from .cloudcore import StandaloneCloudCore
from .gateway import Gateway
from .paths import missing_requirements
from .wait import wait_until


class StandaloneApiCase(unittest.TestCase):
    """Has no control plane but the one under test, and no node."""

    @classmethod
    def setUpClass(cls):
        missing = missing_requirements()
        if missing:
            raise unittest.SkipTest("this machine lacks " + ", ".join(missing))
        cls.directory = environment.current.directory / cls.__name__
        cls.directory.mkdir()
        cls.cloudcore = StandaloneCloudCore(cls.directory / "cloud")
        cls.processes = environment.current.processes
        cls.processes.clear()
        cls.processes.append(cls.cloudcore.process)
        cls.addClassCleanup(cls.cloudcore.process.stop)
        cls.cloudcore.create()
        cls.kubectl = cls.cloudcore.kubectl

    def describe_failure(self) -> str:
        return self.kubectl("get", "nodes,pods", "-A", "-o", "json", check=False)[-4000:]


class StandaloneCase(StandaloneApiCase):
    """Has a node, a real edge, besides."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway = cls.start_gateway()

    @classmethod
    def start_gateway(cls) -> Gateway:
        name = f"edge-{secrets.token_hex(3)}"
        gateway = Gateway(cls.directory / name, name, cls.cloudcore)
        cls.processes += [gateway.edgecore.process, gateway.containerd.daemon]
        cls.addClassCleanup(cls.remove_gateway, gateway)
        gateway.create()
        gateway.edgecore.start()
        wait_until(lambda: condition(cls.cloudcore.get("nodes", name) or {}, "Ready") == "True",
                   15, f"node {name} is Ready", seen=lambda: cls.cloudcore.get("nodes", name))
        return gateway

    @classmethod
    def remove_gateway(cls, gateway: Gateway) -> None:
        gateway.close()
        left = gateway.leftovers() + [
            f"process {each.pid}: {each.command}"
            for each in host_traces.processes_of(gateway.directory)]
        assert not left, f"left on the host by {gateway.node}: {left}"

    def apply(self, manifest: dict) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def pods_of(self, name: str) -> list[dict]:
        """Those with the label app=name."""
        return json.loads(self.kubectl("get", "pods", "-l", f"app={name}", "-o", "json"))["items"]
