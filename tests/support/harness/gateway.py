"""One edge machine: a containerd, an edgecore, and the link to its cloudcore."""
import pathlib
import uuid

from . import host_traces
from .cloudcore import CloudCore
from .containerd import Containerd
from .edgecore import EdgeCore
from .net import Uplink
from .processes import ProcessFailed
from .proxy import TcpProxy


class Gateway:
    """Joins through `link`, a TcpProxy, so that a test can take the network away or count on it.

    With an Uplink the edge runs in a network namespace and dials the cloud directly instead.
    """

    def __init__(self, directory: pathlib.Path, node: str, cloudcore: CloudCore,
                 uplink: Uplink | None = None):
        self.directory, self.node = directory, node
        self._cloudcore, self._uplink = cloudcore, uplink
        self.link = TcpProxy(cloudcore.hub_port, cloudcore.address)
        self.containerd = Containerd(directory / "cd")
        self.edgecore = EdgeCore(directory, node, self.containerd.endpoint,
                                 enter=uplink.enter if uplink else [])

    @property
    def cloud_address(self) -> str:
        if self._uplink:
            return f"{self._cloudcore.address}:{self._cloudcore.hub_port}"
        return f"127.0.0.1:{self.link.port}"

    def create(self) -> None:
        """Brings up the machine and joins; edgecore does not run yet."""
        self.directory.mkdir(parents=True)
        self.containerd.create()
        self.link.start()
        joined = self.edgecore.join(self.cloud_address, self._cloudcore.create_token())
        if joined.returncode != 0:
            raise ProcessFailed(f"join failed: {joined.stdout}{joined.stderr}")

    def reboot(self) -> None:
        """A power cycle, up to where edgecore runs again."""
        self.edgecore.process.kill()
        host_traces.unmount_all(self.edgecore.data_dir)
        self.containerd.reboot()
        host_traces.unmount_all(self.directory)
        self.edgecore.pretend_boot(str(uuid.uuid4()))
        self.edgecore.start()

    def leftovers(self) -> list[str]:
        """What pods hold on this machine: empty when there are none (or after close())."""
        volumes = [f"mount {point}" for point in host_traces.mounts_under(self.edgecore.data_dir)]
        return self.containerd.leftovers() + volumes

    def close(self) -> None:
        self.edgecore.process.stop()
        self.link.stop()
        self.containerd.stop()
        host_traces.unmount_all(self.directory)
