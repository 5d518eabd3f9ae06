"""Ports, subnets and the network namespace that stands for a gateway's uplink."""
import ipaddress
import json
import secrets
import socket

from .processes import run


def free_ports(count: int) -> list[int]:
    """Ports that are free on loopback now. All are held until all are picked, so they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def unique_name(prefix: str) -> str:
    """Short enough for an interface name (15 characters) with a prefix of up to 7."""
    return prefix + secrets.token_hex(4)


def unused_subnet() -> ipaddress.IPv4Network:
    """A /24 that no route of this machine covers."""
    routes = [ipaddress.ip_network(route["dst"]) for route in json.loads(run("ip", "-j", "route"))
              if route["dst"] != "default"]
    for _ in range(200):
        second, third = 200 + secrets.randbelow(55), secrets.randbelow(256)
        subnet = ipaddress.ip_network(f"10.{second}.{third}.0/24")
        if not any(subnet.overlaps(route) for route in routes):
            return subnet
    raise AssertionError("no free /24 between 10.200 and 10.254")


class Uplink:
    """A network namespace with one wire to the host, on which packets can be lost without a trace.

    blackhole() points both ends' neighbour entries at a MAC address that nobody has: frames leave
    and vanish, no interface goes down, no route changes, nothing is reset. That is what a dead
    cellular link looks like, and it needs no netem or iptables modules.
    """

    _NOBODY = "02:00:00:00:00:01"

    def __init__(self):
        self.namespace = unique_name("sk-up-")
        self._host_end, self._edge_end = unique_name("skh"), unique_name("ske")
        subnet = unused_subnet()
        self.cloud_ip, self.edge_ip = str(subnet[1]), str(subnet[2])

    def create(self) -> None:
        run("ip", "netns", "add", self.namespace)
        run("ip", "link", "add", self._host_end, "type", "veth", "peer", "name", self._edge_end,
            "netns", self.namespace)
        run("ip", "addr", "add", f"{self.cloud_ip}/24", "dev", self._host_end)
        run("ip", "link", "set", self._host_end, "up")
        self._in_namespace("addr", "add", f"{self.edge_ip}/24", "dev", self._edge_end)
        self._in_namespace("link", "set", self._edge_end, "up")
        self._in_namespace("link", "set", "lo", "up")

    def remove(self) -> None:
        run("ip", "netns", "del", self.namespace, check=False)  # the wire goes with it
        run("ip", "link", "del", self._host_end, check=False)

    @property
    def enter(self) -> list[str]:
        """Command prefix that runs a process inside. Only its network: mounts stay the host's."""
        return ["nsenter", f"--net=/run/netns/{self.namespace}"]

    def blackhole(self) -> None:
        run("ip", "neigh", "replace", self.edge_ip, "lladdr", self._NOBODY, "nud", "permanent",
            "dev", self._host_end)
        self._in_namespace("neigh", "replace", self.cloud_ip, "lladdr", self._NOBODY,
                           "nud", "permanent", "dev", self._edge_end)

    def restore(self) -> None:
        run("ip", "neigh", "del", self.edge_ip, "dev", self._host_end, check=False)
        self._in_namespace("neigh", "del", self.cloud_ip, "dev", self._edge_end, check=False)

    def unplug(self) -> None:
        """The uplink is gone, as after DHCP has given up: no address, no route, no carrier."""
        self._in_namespace("link", "set", self._edge_end, "down")
        self._in_namespace("addr", "flush", "dev", self._edge_end)

    def plug_in(self) -> None:
        """What a network manager does when the wire is back."""
        self._in_namespace("link", "set", self._edge_end, "up")
        self._in_namespace("addr", "add", f"{self.edge_ip}/24", "dev", self._edge_end)
        self._in_namespace("route", "add", "default", "via", self.cloud_ip)

    def add_pod_interface(self, name: str) -> None:
        """As a CNI plugin does: a veth pair, an address of its own on the host's end."""
        self._in_namespace("link", "add", name, "type", "veth", "peer", "name", f"{name}-p")
        self._in_namespace("addr", "add", "10.199.0.1/24", "dev", name)
        self._in_namespace("link", "set", name, "up")
        self._in_namespace("link", "set", f"{name}-p", "up")

    def established(self, port: int) -> tuple[int, int]:
        """Established TCP connections to the hub's `port`, as each kernel sees it: cloud, edge."""
        seen = f"( sport = :{port} or dport = :{port} )"
        cloud = run("ss", "-Htn", "state", "established", seen, "src", self.cloud_ip)
        edge = run(*self.enter, "ss", "-Htn", "state", "established", seen)
        return len(cloud.splitlines()), len(edge.splitlines())

    def _in_namespace(self, *args: str, check: bool = True) -> None:
        run("ip", "-n", self.namespace, *args, check=check)

