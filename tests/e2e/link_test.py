"""Bad links: one that swallows everything, one that is very slow.

Shows "Half-open link (packets dropped in a netns, not reset): noticed on both sides <= 25 s; a 1 MB
object over a 64 kbit/s link arrives and the link is not declared dead."
"""
import base64
import random
import time

from harness import manifests
from harness.case import EdgeTestCase, condition
from harness.net import Uplink
from harness.wait import wait_until

NOTICED_WITHIN_S = 25
LINK_BITS_PER_SECOND = 64_000
OBJECT_BYTES = 1_000_000


class HalfOpenLinkTest(EdgeTestCase):
    """The edge is in a network namespace whose packets vanish."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.uplink = Uplink()
        cls.addClassCleanup(cls.uplink.remove)
        cls.uplink.create()
        cls.start_cloudcore(address=cls.uplink.cloud_ip)
        cls.gateway = cls.start_gateway(cls.uplink)

    def test_both_sides_notice_and_find_each_other_again(self):
        port = self.cloudcore.hub_port
        self.assertEqual(self.uplink.established(port), (1, 1))
        started = time.monotonic()
        self.uplink.blackhole()
        self.addCleanup(self.uplink.restore)
        noticed: dict[str, float] = {}

        def both_noticed() -> bool:
            for side, count in zip(("cloud", "edge"), self.uplink.established(port)):
                if count == 0:
                    noticed.setdefault(side, time.monotonic() - started)
            return len(noticed) == 2
        wait_until(both_noticed, 40, "both sides have given up", seen=lambda: noticed)
        self.assertLessEqual(max(noticed.values()), NOTICED_WITHIN_S, noticed)
        print(f"half-open link noticed after: {noticed}")
        self.uplink.restore()
        wait_until(lambda: self.uplink.established(port) == (1, 1), 10, "they are connected again")


class SlowLinkTest(EdgeTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.start_cloudcore()
        cls.gateway = cls.start_gateway()

    def test_a_1_mb_object_arrives_over_64_kbit_and_the_link_stays(self):
        content = random.Random(1).randbytes(OBJECT_BYTES)  # compresses to no less than itself
        self.api.create({"apiVersion": "v1", "kind": "ConfigMap",
                         "metadata": {"name": "large", "namespace": self.namespace},
                         "binaryData": {"blob": base64.b64encode(content).decode()}})
        link = self.gateway.link
        session = link.open_connections()[0]
        link.bits_per_second = LINK_BITS_PER_SECOND
        self.addCleanup(setattr, link, "bits_per_second", None)
        container = manifests.container(volumeMounts=[manifests.mount("large", "/large")])
        spec = manifests.pod_spec(self.gateway.node, container,
                                  volumes=[manifests.config_map_volume("large", "large")])
        self.api.create(manifests.pod(self.namespace, "reader", spec))
        started = time.monotonic()
        self.wait_running("reader", timeout_s=300)
        elapsed_s = time.monotonic() - started
        reader = self.gateway.containerd.containers(self.namespace)[0]
        blob = self.gateway.containerd.root_of(reader) / "large" / "blob"
        self.assertEqual(blob.read_bytes(), content)
        self.assertFalse(session.closed.is_set(), "the link was declared dead")
        self.assertGreater(elapsed_s, OBJECT_BYTES * 8 / LINK_BITS_PER_SECOND * 0.9, "throttled")
        self.assertEqual(condition(self.api.get("nodes", self.gateway.node), "Ready"), "True")
        print(f"{OBJECT_BYTES} bytes over {LINK_BITS_PER_SECOND} bit/s: {elapsed_s:.0f} s")
