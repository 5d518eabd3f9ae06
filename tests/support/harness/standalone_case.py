<<<<<<< HEAD
"""The base of tests of `cloudcore --standalone`: one cloudcore and one real edge for a class."""
import json
=======
"""Base class of tests whose only cluster is cloudcore --standalone."""
import pathlib
>>>>>>> 0588087 (End to end: client-go programs, Helm, 200 kills)
import secrets
import unittest

from . import environment, host_traces
from .case import condition
from .cloudcore import StandaloneCloudCore
from .gateway import Gateway
<<<<<<< HEAD
=======
from .kubectl import Kubectl
>>>>>>> 0588087 (End to end: client-go programs, Helm, 200 kills)
from .paths import missing_requirements
from .wait import wait_until


<<<<<<< HEAD
class StandaloneCase(unittest.TestCase):
    """Has no control plane but the one under test."""
=======
class StandaloneTestCase(unittest.TestCase):
    cloudcore: StandaloneCloudCore
    kubectl: Kubectl
    directory: pathlib.Path
>>>>>>> 0588087 (End to end: client-go programs, Helm, 200 kills)

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
<<<<<<< HEAD
        cls.gateway = cls.start_gateway()

    @classmethod
    def start_gateway(cls) -> Gateway:
        name = f"edge-{secrets.token_hex(3)}"
        gateway = Gateway(cls.directory / name, name, cls.cloudcore)
        cls.processes += [gateway.edgecore.process, gateway.containerd.daemon]
        cls.addClassCleanup(cls.remove_gateway, gateway)
=======

    @classmethod
    def start_gateway(cls) -> Gateway:
        """A machine with a node, joined, started, and Ready."""
        name = f"edge-{secrets.token_hex(3)}"
        gateway = Gateway(cls.directory / name, name, cls.cloudcore)
        cls.processes += [gateway.edgecore.process, gateway.containerd.daemon]
        cls.addClassCleanup(cls._remove_gateway, gateway)
>>>>>>> 0588087 (End to end: client-go programs, Helm, 200 kills)
        gateway.create()
        gateway.edgecore.start()
        wait_until(lambda: condition(cls.cloudcore.get("nodes", name) or {}, "Ready") == "True",
                   15, f"node {name} is Ready", seen=lambda: cls.cloudcore.get("nodes", name))
        return gateway

    @classmethod
<<<<<<< HEAD
    def remove_gateway(cls, gateway: Gateway) -> None:
=======
    def _remove_gateway(cls, gateway: Gateway) -> None:
>>>>>>> 0588087 (End to end: client-go programs, Helm, 200 kills)
        gateway.close()
        left = gateway.leftovers() + [
            f"process {each.pid}: {each.command}"
            for each in host_traces.processes_of(gateway.directory)]
        assert not left, f"left on the host by {gateway.node}: {left}"

    def describe_failure(self) -> str:
<<<<<<< HEAD
        return self.kubectl("get", "nodes,pods", "-A", "-o", "json", check=False)[-4000:]

    def apply(self, manifest: dict) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def pods_of(self, name: str) -> list[dict]:
        """Those with the label app=name."""
        return json.loads(self.kubectl("get", "pods", "-l", f"app={name}", "-o", "json"))["items"]
=======
        return self.kubectl("get", "nodes,pods,jobs", "-A", "-o", "wide", check=False)[-4000:]
>>>>>>> 0588087 (End to end: client-go programs, Helm, 200 kills)
