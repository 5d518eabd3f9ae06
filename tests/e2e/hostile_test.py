"""What a node's certificate may do at the hub: nothing beyond its own node.

Shows "A node's certificate cannot read or change another node's objects, nor its own labels, taints
or specs (table-driven, every frame type)". An attacker that speaks the lane by hand stands beside a
real gateway with a running pod. After each message everything that is not the attacker's is
compared with what it was.
"""
import dataclasses
import json
import re
import time
from collections.abc import Callable

from harness import lane_messages, manifests
from harness.case import condition
from harness.lane_case import LaneTestCase
from harness.lane_client import EdgeSession
from harness.lane_messages import (EVENT, FINALISED, GOODBYE_PROTOCOL, NODE_STATUS, OK, POD_STATUS,
                                   REFUSED, REPORT_KINDS, envelope, kind_of, zstd, zstd_bomb)
from harness.lane_wire import LaneClosed
from harness.processes import run
from harness.wait import wait_until

KUBE_SYSTEM = {"kind": "namespace", "name": "kube-system"}


# ---- what must come of a message ----------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Goodbye:
    """The session ends as a breach of the protocol, with these words, and an audit line."""
    words: str

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        mark = test.log_mark()
        session.lane.send(message)
        goodbye = session.lane.expect("goodbye")
        test.assertEqual(goodbye.code, GOODBYE_PROTOCOL)
        test.assertRegex(goodbye.reason, self.words)
        session.lane.wait_closed()
        test.wait_log(mark, "audit=denied", f"node={session.identity.node}", self.words)


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """Not a message at all: the connection ends at once, with an audit line."""
    words: str

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        mark = test.log_mark()
        session.lane.send(message)
        session.lane.wait_closed()
        test.wait_log(mark, "audit=denied", f"node={session.identity.node}", self.words)


@dataclasses.dataclass(frozen=True)
class Refused:
    """The report is refused by this code, with an audit line that names the object."""
    code: str = "forbidden"

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        mark = test.log_mark()
        verdict = session.verdict_on(message)
        test.assertEqual((verdict.verdict, verdict.code), (REFUSED, self.code))
        if self.code == "forbidden":
            test.wait_log(mark, "audit=denied", f"node={session.identity.node}",
                          re.escape(message.report.key.name))


class Done:
    """The report is taken, and does not do what it asks for."""

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        test.assertEqual(session.verdict_on(message).verdict, OK)


@dataclasses.dataclass(frozen=True)
class NoToken:
    """The query is answered by these words and not by a token."""
    words: str = "forbidden"
    audited: bool = True

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        mark = test.log_mark()
        grant = session.grant_for(message)
        test.assertEqual(grant.token, "")
        test.assertRegex(grant.error, self.words)
        if self.audited:
            test.wait_log(mark, "audit=denied", f"node={session.identity.node}", "token refused")


class Nothing:
    """Nobody answers, nothing happens, the session goes on."""

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        session.lane.send(message)
        key = {"kind": "pod", "ns": test.namespace, "name": "attacker"}
        session.grant_for(session.token_query(key, test.uid_of("attacker"), "no-such-volume"))


class Closed:
    """The session is over, and that is all."""

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        session.lane.send(message)
        session.lane.wait_closed()


@dataclasses.dataclass(frozen=True)
class NotRenewed:
    """No certificate for another name; the session goes on."""

    def check(self, test: "NodeCertificateTest", session: EdgeSession, message) -> None:
        mark = test.log_mark()
        Nothing().check(test, session, message)
        test.wait_log(mark, "renewal refused", "audit=denied", session.identity.node)


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    message: Callable[["NodeCertificateTest", EdgeSession], object]
    outcome: object
    opening: bool = False  # sent instead of the Hello, on a connection of its own


def pod_key(test: "NodeCertificateTest", name: str) -> dict:
    return {"kind": "pod", "ns": test.namespace, "name": name}


def report_on(kind: int, name: str, body: dict | bytes, uid_of: str | None = None):
    """A Report about the pod `name`, with the right uid or that of another pod."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda test, session: session.report(kind, pod_key(test, name),
                                                test.uid_of(uid_of or name), data)


def report_of(kind: int, key: dict, body: dict, uid: str = ""):
    return lambda test, session: session.report(kind, key, uid, json.dumps(body).encode())


def about_victim_node(kind: int, body: dict):
    return lambda test, session: session.report(
        kind, {"kind": "node", "name": test.victim.node}, "", json.dumps(body).encode())


def about_own_node(kind: int, body: dict):
    return lambda test, session: session.report(
        kind, {"kind": "node", "name": session.identity.node}, "", json.dumps(body).encode())


def token(pod: str, uid_of: str, volume: str = "victim-token", kind: str = "pod"):
    return lambda test, session: session.token_query(
        {**pod_key(test, pod), "kind": kind}, test.uid_of(uid_of), volume)


def fixed(**fields):
    return lambda test, session: envelope(**fields)


DEAD = {"phase": "Failed", "reason": "Hacked", "conditions": [
    {"type": "Ready", "status": "False", "reason": "Hacked"}]}
EVIL_META = {"labels": {"evil": "yes", "node-role.kubernetes.io/control-plane": ""},
             "annotations": {"evil": "yes"}, "finalizers": ["evil/yes"],
             "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "x", "uid": "x"}],
             "deletionTimestamp": "2020-01-01T00:00:00Z"}
EVIL_SPEC = {"taints": [], "unschedulable": True, "providerID": "aws:///i-1", "nodeName": "other",
             "containers": [{"name": "main", "image": "evil"}], "tolerations": [
                 {"operator": "Exists"}]}
READY = {"conditions": [{"type": "Ready", "status": "True", "reason": "EdgecoreReady"}],
         "capacity": {"pods": "10", "cpu": "1", "memory": "1Gi"},
         "allocatable": {"pods": "10", "cpu": "1", "memory": "1Gi"}}
EVENT_BODY = {"reason": "Hacked", "message": "x", "type": "Warning"}

# Every message of proto/lane.proto, aimed at what is not the sender's.
ROWS = [
    # Before a session
    Row("join_request", fixed(join_request={"token": "abcdef.0", "node": "x", "csr_pem": "x"}),
        Goodbye("has a certificate joins again")),
    Row("renew_request: another node's name",
        lambda test, session: envelope(renew_request={"csr_pem": test.request_for(
            test.victim.node)}), NotRenewed()),
    Row("renew_request: no request at all", fixed(renew_request={"csr_pem": "x"}), NotRenewed()),
    Row("certificate_reply", fixed(certificate_reply={"certificate_pem": "x"}),
        Goodbye("only the cloud")),
    # Opening
    Row("hello: another node's name",
        lambda test, session: envelope(hello={**test.hello_fields(), "node": test.victim.node}),
        Goodbye("names a node that the certificate does not"), opening=True),
    Row("hello: no name", lambda test, session: envelope(hello={**test.hello_fields(), "node": ""}),
        Goodbye("names a node that the certificate does not"), opening=True),
    Row("hello: no store", lambda test, session: envelope(hello={**test.hello_fields(),
                                                                 "store": b""}),
        Goodbye("names no store"), opening=True),
    Row("hello: no common protocol", lambda test, session: envelope(
        hello={**test.hello_fields(), "protocol_min": 7, "protocol_max": 9}),
        Goodbye("no common protocol"), opening=True),
    Row("hello: digests of another length", lambda test, session: envelope(
        hello={**test.hello_fields(), "content": b"x"}),
        Unreadable("content digests of 1 bytes"), opening=True),
    Row("hello: a second one", lambda test, session: session.hello(), Goodbye("second Hello")),
    Row("report: before the Hello", about_own_node(NODE_STATUS, {"status": READY}),
        Goodbye("a Report before the Welcome"), opening=True),
    Row("token_query: before the Hello", token("attacker", "attacker"),
        Goodbye("a TokenQuery before the Welcome"), opening=True),
    Row("compare", fixed(compare={"buckets": 0xffff}), Goodbye("only the cloud")),
    Row("listing: nobody asked", lambda test, session: envelope(listing={"content": [
        {"key": pod_key(test, "victim"), "uid": test.uid_of("victim").encode(),
         "version": bytes(16)}]}), Goodbye("nobody asked")),
    Row("welcome", fixed(welcome={"epoch": 1}), Goodbye("only the cloud")),
    Row("goodbye", fixed(goodbye={"code": 3, "reason": "bye"}), Closed()),
    # Downstream, which is the cloud's alone
    Row("upsert", lambda test, session: envelope(upsert={
        "seq": 1, "key": pod_key(test, "victim"), "uid": test.uid_of("victim").encode(),
        "version": bytes(16), "json_zstd": zstd(b"{}"), "json_bytes": 2}),
        Goodbye("only the cloud")),
    Row("upsert: a bomb", fixed(upsert={
        "key": {"kind": "pod", "ns": "a", "name": "b"}, "version": bytes(16),
        "json_zstd": zstd_bomb(2 ** 31), "json_bytes": 2 ** 31}), Unreadable("the limit is")),
    Row("remove", lambda test, session: envelope(remove={
        "seq": 1, "key": pod_key(test, "victim"), "uid": test.uid_of("victim").encode()}),
        Goodbye("only the cloud")),
    Row("report_again", lambda test, session: envelope(report_again={
        "key": pod_key(test, "victim"), "uid": test.uid_of("victim").encode()}),
        Goodbye("only the cloud")),
    Row("token_grant", fixed(token_grant={"query": 1, "token": "x"}), Goodbye("only the cloud")),
    Row("ca_bundle", fixed(ca_bundle={"pem": "x"}), Goodbye("only the cloud")),
    Row("report_ack", fixed(report_ack={"verdicts": [{"seq": 1}]}), Goodbye("only the cloud")),
    # Tokens
    Row("token_query: another node's pod", token("victim", "victim"), NoToken()),
    Row("token_query: its uid under an own name", token("attacker", "victim"), NoToken()),
    Row("token_query: its name with an own uid", token("victim", "attacker"), NoToken()),
    Row("token_query: no such volume", token("attacker", "attacker"),
        NoToken("no such token volume", audited=False)),
    Row("token_query: a Secret as a pod", token("victim-secret", "victim", kind="secret"),
        NoToken()),
    Row("token_query: a service account", token("default", "victim", kind="serviceaccount"),
        NoToken()),
    Row("token_query: a kind that is none", token("victim", "victim", kind="deployment"),
        Unreadable("deployment")),
    # Upstream
    Row("ca_bundle_held: another bundle", fixed(ca_bundle_held={"digest": b"x" * 16}), Nothing()),
    Row("ca_bundle_held: no digest", fixed(ca_bundle_held={"digest": b"x"}),
        Unreadable("CaBundleHeld: digest")),
    Row("ack: never sent", fixed(ack={"seq": 2 ** 60}), Goodbye("never sent")),
    Row("nack: never sent", fixed(nack={"seq": 2 ** 60, "code": "x", "reason": "y"}), Nothing()),
    Row("ping", fixed(ping={}), Nothing()),
    Row("report: another node's pod", report_on(POD_STATUS, "victim", DEAD), Refused()),
    Row("report: another node's pod by a wrong uid",
        report_on(POD_STATUS, "victim", DEAD, uid_of="attacker"), Done()),
    Row("report: the end of another node's pod", report_on(FINALISED, "victim", b""), Refused()),
    Row("report: its end by a wrong uid", report_on(FINALISED, "victim", b"", uid_of="attacker"),
        Done()),
    Row("report: the end of an own pod that nobody deleted", report_on(FINALISED, "attacker", b""),
        Refused()),
    Row("report: an event about another node's pod", report_on(EVENT, "victim", EVENT_BODY),
        Refused()),
    Row("report: a pod as a node", report_on(NODE_STATUS, "victim", {"status": READY}), Refused()),
    Row("report: a pod beside the path", report_of(
        POD_STATUS, {"kind": "pod", "ns": "../../..", "name": "nodes/x"}, DEAD), Done()),
    Row("report: a pod with labels, spec and directives", report_on(POD_STATUS, "attacker", {
        "metadata": EVIL_META, "spec": EVIL_SPEC, "$patch": "replace", "phase": "Pending",
        "nominatedNodeName": "other", "conditions": [
            {"type": "Ready", "status": "False", "$patch": "replace"}]}), Done()),
    Row("report: a status that is no object", report_on(POD_STATUS, "attacker", b"[1]"),
        Refused("malformed")),
    Row("report: a status that is no JSON", report_on(POD_STATUS, "attacker", b"\xff{"),
        Refused("malformed")),
    Row("report: a status without end", report_on(POD_STATUS, "attacker", b"[" * 500_000),
        Refused("malformed")),
    Row("report: a status over its limit", report_on(
        POD_STATUS, "attacker", b'{"message":"' + b"x" * 1_100_000 + b'"}'), Refused("TooLarge")),
    Row("report: another Node", about_victim_node(NODE_STATUS, {"status": READY}), Refused()),
    Row("report: the end of another Node", about_victim_node(FINALISED, {}), Refused()),
    Row("report: another Node as a pod", about_victim_node(POD_STATUS, DEAD), Refused()),
    Row("report: an event about another Node", about_victim_node(EVENT, EVENT_BODY), Refused()),
    Row("report: an own Node with labels, taints and spec", about_own_node(NODE_STATUS, {
        "metadata": EVIL_META, "spec": EVIL_SPEC,
        "registration": {"metadata": {**EVIL_META, "name": "other"}, "spec": EVIL_SPEC},
        "status": {**READY, "metadata": EVIL_META, "spec": EVIL_SPEC, "config": {"x": "y"},
                   "volumesAttached": [{"name": "x", "devicePath": "y"}]}}), Done()),
    Row("report: an own Node's condition that replaces others'", about_own_node(NODE_STATUS, {
        "status": {**READY, "conditions": [
            *READY["conditions"], {"type": "PIDPressure", "status": "False", "$patch": "replace"},
            {"type": "NetworkUnavailable", "status": "True"}]}}), Done()),
    Row("report: an own Node without a status", about_own_node(NODE_STATUS, {"registration": {}}),
        Refused("malformed")),
    Row("report: a Node's name with more behind it", lambda test, session: session.report(
        NODE_STATUS, {"kind": "node", "name": f"{session.identity.node}/../{test.victim.node}"}),
        Refused()),
    Row("report: a Node in a namespace", lambda test, session: session.report(
        NODE_STATUS, {"kind": "node", "ns": test.namespace, "name": session.identity.node}),
        Refused()),
    Row("report: an event that points elsewhere", report_on(EVENT, "attacker", {
        **EVENT_BODY, "namespace": "kube-system", "metadata": {"namespace": "kube-system"},
        "involvedObject": {"kind": "Pod", "name": "victim", "namespace": "kube-system"},
        "source": {"component": "kubelet"}}), Done()),
    Row("report: an event about a namespace", report_of(EVENT, KUBE_SYSTEM, EVENT_BODY),
        Refused()),
    Row("report: a lease", lambda test, session: session.report(
        EVENT, {"kind": "lease", "ns": "kube-node-lease", "name": test.victim.node}), Refused()),
    Row("report: a Secret", lambda test, session: session.report(
        POD_STATUS, {"kind": "secret", "ns": test.namespace, "name": "victim-secret"}), Refused()),
    Row("report: the end of a ConfigMap", lambda test, session: session.report(
        FINALISED, {"kind": "configmap", "ns": test.namespace, "name": "kube-root-ca.crt"}),
        Refused()),
    Row("report: a service account", lambda test, session: session.report(
        POD_STATUS, {"kind": "serviceaccount", "ns": test.namespace, "name": "default"}),
        Refused()),
    Row("report: a kind of report that is none", lambda test, session: session.report(
        REPORT_KINDS, pod_key(test, "victim")), Unreadable(f"kind {REPORT_KINDS} is unknown")),
    Row("unknown: a message of a later version",
        lambda test, session: later_message(), Nothing()),
]


def later_message():
    """Field 100 of the envelope, empty."""
    message = envelope()
    message.MergeFromString(b"\xa2\x06\x00")
    return message


# ---- a node's certificate -----------------------------------------------------------------------

class NodeCertificateTest(LaneTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.victim = cls.start_gateway()
        cls.attacker = cls.joined("attacker")

    def setUp(self):
        super().setUp()
        self.session = EdgeSession(self.hub, self.attacker)
        self.addCleanup(self.session.close)
        self.reopen()
        self.assertEqual(self.session.verdict_on(self.session.report(
            NODE_STATUS, {"kind": "node", "name": self.attacker.node}, "",
            json.dumps({"registration": {}, "status": READY}).encode())).verdict, OK)
        self.create_pods()

    def create_pods(self) -> None:
        self.api.create(manifests.secret(self.namespace, "victim-secret", {"key": "precious"}))
        projected = {"name": "victim-token", "projected": {"sources": [
            {"serviceAccountToken": {"path": "token"}}]}}
        spec = manifests.pod_spec(self.victim.node, volumes=[
            projected, manifests.secret_volume("secret", "victim-secret")])
        self.api.create(manifests.pod(self.namespace, "victim", spec))
        own = {**manifests.pod_spec(self.attacker.node), "nodeName": self.attacker.node,
               "automountServiceAccountToken": False}
        self.api.create(manifests.pod(self.namespace, "attacker", own))
        self.add_condition(f"namespaces/{self.namespace}/pods/attacker", "PodScheduled")
        self.add_condition(f"nodes/{self.attacker.node}", "NetworkUnavailable")
        self.wait_running("victim")
        self.wait_untainted(self.attacker.node)
        self.wait_untainted(self.victim.node)
        key = self.session.lane.expect("upsert", 20).key  # of its own it is told
        while key.kind != "pod":
            key = self.session.lane.expect("upsert", 20).key
        self.assertEqual((key.ns, key.name), (self.namespace, "attacker"))

    def add_condition(self, path: str, kind: str) -> None:
        """One that others than the edge write."""
        self.api.request("PATCH", f"/api/v1/{path}/status",
                         {"status": {"conditions": [{"type": kind, "status": "False"}]}},
                         "application/strategic-merge-patch+json")

    def wait_untainted(self, node: str) -> None:
        wait_until(lambda: not self.api.get("nodes", node)["spec"].get("taints"), 15,
                   f"node {node} has no taints")

    def uid_of(self, pod: str) -> str:
        if pod not in ("victim", "attacker"):
            return "some-uid"
        return self.api.get("pods", pod, self.namespace)["metadata"]["uid"]

    def hello_fields(self) -> dict:
        return {"node": self.attacker.node, "agent_version": "x", "protocol_min": 1,
                "protocol_max": 1, "cut_rules": 1, "store": b"s"}

    def request_for(self, node: str) -> str:
        """A certificate request by the attacker's own key for this node's name."""
        return run("openssl", "req", "-new", "-key", self.attacker.key, "-subj",
                   f"/CN=system:node:{node}")

    def reopen(self) -> None:
        self.session.close()
        wait_until(self.try_open, 15, "the attacker's session is open", interval_s=0.05,
                   ignoring=(LaneClosed,))

    def try_open(self) -> bool:
        self.session.open()
        return True

    def everything_else(self) -> dict:
        """What no message of the attacker may change, without what changes by itself."""
        api, ns = self.api, self.namespace
        nodes = {each["metadata"]["name"]: each for each in api.list("nodes")}
        attacker, victim = nodes[self.attacker.node], nodes[self.victim.node]
        own_pod = api.get("pods", "attacker", ns)
        return {
            "nodes": sorted(nodes),
            "victim's node": (lasting(victim), status_of_node(victim)),
            "own node": lasting(attacker),
            "own node's other conditions": condition(attacker, "NetworkUnavailable"),
            "victim": (lasting(api.get("pods", "victim", ns)),
                       api.get("pods", "victim", ns)["status"]),
            "own pod": lasting(own_pod),
            "own pod's other conditions": condition(own_pod, "PodScheduled"),
            "secrets": [(each["metadata"]["name"], each["data"])
                        for each in api.list("secrets", ns)],
            "accounts": [lasting(each) for each in api.list("serviceaccounts", ns)],
            "config": [lasting(each) for each in api.list("configmaps", ns)],
            "leases": sorted((each["metadata"]["name"], each["spec"]["holderIdentity"])
                             for each in api.list("leases", "kube-node-lease")),
            "events": [each["metadata"]["name"] for each in api.list("events")
                       if self.is_attackers(each)],
        }

    def is_attackers(self, event: dict) -> bool:
        """Made for the attacker, about what is not its own."""
        about = event["involvedObject"]
        own = about["name"] in (self.attacker.node, "attacker")
        return event.get("reportingInstance") == self.attacker.node and not own

    def test_no_message_reaches_beyond_its_own_node(self):
        self.assertEqual({row.name.split(":")[0] for row in ROWS} - {"unknown"},
                         lane_messages.all_kinds(), "a message of lane.proto has no row here")
        before = self.everything_else()
        session_of_victim = self.victim.link.open_connections()
        containers = self.victim.containerd.running_ids(self.namespace)
        for row in ROWS:
            with self.subTest(row.name):
                self.play(row)
                self.assertEqual(self.everything_else(), before)
        self.assertEqual(self.victim.link.open_connections(), session_of_victim)
        self.assertEqual(self.victim.containerd.running_ids(self.namespace), containers)
        self.assertNotIn("precious", self.cloudcore.process.output(since_start=False))

    def play(self, row: Row) -> None:
        message = row.message(self, self.session)
        self.assertIn(kind_of(message), (row.name.split(":")[0], ""))
        ends = isinstance(row.outcome, (Goodbye, Unreadable, Closed))
        if row.opening:
            self.session.close()
            self.session.lane = self.hub.open_lane(self.attacker)
        try:
            row.outcome.check(self, self.session, message)
        finally:
            if ends or row.opening:
                self.reopen()

    def test_a_listing_of_others_objects_brings_none_of_them(self):
        """The digests of a store that holds what is not its node's: removed, never told."""
        self.session.close()
        held = [{"key": pod_key(self, "victim"), "uid": self.uid_of("victim").encode(),
                 "version": bytes(16)},
                {"key": {"kind": "secret", "ns": self.namespace, "name": "victim-secret"},
                 "uid": b"x", "version": bytes(16)}]
        lane = self.session.lane = self.hub.open_lane(self.attacker)
        lane.send(self.session.hello(content=b"\x01" * 256))
        lane.expect("compare")
        lane.send(envelope(listing={"content": held}))
        lane.expect("welcome")
        removed, upserted, until = set(), set(), time.monotonic() + 10
        while len(removed) < 2 and time.monotonic() < until:
            message = lane.receive(10)
            if kind_of(message) == "remove":
                removed.add(message.remove.key.name)
            if kind_of(message) == "upsert":
                upserted.add(message.upsert.key.name)
        self.assertEqual(removed, {"victim", "victim-secret"})
        self.assertFalse(upserted & {"victim", "victim-secret"}, upserted)

    def test_a_new_node_takes_no_label_or_taint_that_is_not_its_to_take(self):
        identity = self.joined("newcomer")
        self.addCleanup(self.api.delete, "nodes", identity.node)
        session = EdgeSession(self.hub, identity)
        self.addCleanup(session.close)
        session.open()
        body = {"registration": {"metadata": {**EVIL_META, "name": "other"}, "spec": EVIL_SPEC},
                "status": READY}
        verdict = session.verdict_on(session.report(
            NODE_STATUS, {"kind": "node", "name": identity.node}, "", json.dumps(body).encode()))
        self.assertEqual(verdict.verdict, OK)
        node = self.api.get("nodes", identity.node)
        self.assertFalse({"evil", "node-role.kubernetes.io/control-plane"} &
                         set(node["metadata"]["labels"]))
        self.assertNotIn("evil", node["metadata"].get("annotations", {}))
        self.assertNotIn("finalizers", node["metadata"])
        self.assertEqual(node["spec"]["providerID"], f"skerry://{identity.node}")
        self.assertFalse(node["spec"].get("unschedulable", False))


def lasting(obj: dict) -> dict:
    """All but status and what every write changes."""
    meta = {key: value for key, value in obj["metadata"].items()
            if key not in ("resourceVersion", "managedFields", "generation")}
    return {**{key: value for key, value in obj.items() if key != "status"}, "metadata": meta}


def status_of_node(node: dict) -> dict:
    conditions = [{**each, "lastHeartbeatTime": ""} for each in node["status"]["conditions"]]
    return {**node["status"], "conditions": conditions}
