"""Who may do what in cloudcore's own Kubernetes API: the same users, rights and refusals as in a real one.

Shows of issue "Standalone", Deliver 2: certificates, tokens and their ends, RBAC with Kubernetes' own
roles, nodes and what concerns them. What can be compared is asked of the real control plane too.
"""
import base64
import json
import secrets
import stat
import subprocess

from harness import manifests
from harness.api import KubernetesApi
from harness.case import KubernetesTestCase, condition
from harness.cloudcore import StandaloneCloudCore
from harness.cluster import Cluster
from harness.gateway import Gateway
from harness.kubectl import Kubectl
from harness.paths import control_plane_binary
from harness.processes import run_result
from harness.wait import wait_until
from kubernetes_facts import generate

TOKEN_FILE = "var/run/secrets/kubernetes.io/serviceaccount/token"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"
REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


def message(answer: tuple[int, bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[1])["message"]


class StandaloneAccessTest(KubernetesTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cloudcore = StandaloneCloudCore(cls.directory / "cloud")
        cls.processes.append(cls.cloudcore.process)
        cls.addClassCleanup(cls.cloudcore.process.stop)
        cls.cloudcore.create()
        cls.kubectl = cls.cloudcore.kubectl
        cls.own_files = cls.cloudcore.data_dir / "standalone"
        cls.own = cls.client(certificate=str(cls.own_files / "admin.crt"),
                             key=str(cls.own_files / "admin.key"))

    @classmethod
    def client(cls, **identity: str) -> KubernetesApi:
        return KubernetesApi("127.0.0.1", cls.cloudcore.api_port, str(cls.own_files / "ca.crt"),
                             **identity)

    def setUp(self):
        """The same namespace in both APIs."""
        super().setUp()
        self.kubectl("create", "namespace", self.namespace)
        wait_until(lambda: self.own.get("serviceaccounts", "default", self.namespace), 5,
                   "the namespace has its account")

    def both(self, *args: str) -> tuple[str, str]:
        return tuple(run(*args, check=False) for run in (self.cluster.kubectl, self.kubectl))

    # Files

    def test_what_is_secret_is_readable_by_its_owner_alone(self):
        files = [self.cloudcore.data_dir / "kubeconfig", *self.own_files.glob("*.key"),
                 self.own_files / "cloudcore.kubeconfig"]
        self.assertGreater(len(files), 4)
        for file in files:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600, file)
        self.assertNotIn("token", (self.cloudcore.data_dir / "kubeconfig").read_text())

    # Roles

    def test_the_first_roles_are_those_of_a_real_server(self):
        self.assertEqual(generate.RBAC_TABLE.read_text(), generate.rbac_table(self.api))
        query = "labelSelector=kubernetes.io%2Fbootstrapping%3Drbac-defaults"
        for resource in ("clusterroles", "roles", "clusterrolebindings", "rolebindings"):
            target = f"{RBAC}/{resource}?{query}"

            def parts(api: KubernetesApi) -> dict:
                return {(each["metadata"].get("namespace"), each["metadata"]["name"]):
                        sorted(json.dumps(part, sort_keys=True)
                               for part in each.get("rules", each.get("subjects")) or [])
                        for each in api.request("GET", target)["items"]}
            wait_until(lambda: parts(self.own) == parts(self.api), 5, f"equal {resource}")

    def test_can_i_lists_the_same_for_admin_edit_and_view(self):
        for role in ("admin", "edit", "view"):
            for run in (self.cluster.kubectl, self.kubectl):
                run("create", "serviceaccount", role, "-n", self.namespace)
                run("create", "rolebinding", role, "-n", self.namespace, f"--clusterrole={role}",
                    f"--serviceaccount={self.namespace}:{role}")
            user = f"system:serviceaccount:{self.namespace}:{role}"
            real, own = self.both("auth", "can-i", "--list", "-n", self.namespace, "--as", user)
            self.assertEqual(sorted(real.splitlines()), sorted(own.splitlines()))
            self.assertGreater(len(own.splitlines()), 25)
            for verb, resource, answer in (("list", "secrets", role != "view"),
                                           ("create", "deployments.apps", role != "view"),
                                           ("create", "rolebindings", role == "admin"),
                                           ("list", "nodes", False)):
                real, own = self.both("auth", "can-i", verb, resource, "-n", self.namespace,
                                      "--as", user)
                self.assertEqual((own, own.strip() == "yes"), (real, answer), (role, verb, resource))

    def test_refusals_read_as_a_real_servers(self):
        ns = f"/api/v1/namespaces/{self.namespace}"
        targets = ["/", "/api/v1/nodes", f"{ns}/pods", f"{ns}/pods/web", f"{ns}/pods/web/log",
                   f"/apis/apps/v1/namespaces/{self.namespace}/deployments", f"/api/v1{ns[7:]}",
                   f"{ns}/pods?fieldSelector=metadata.name%3Dweb", "/metrics", "/apis/x.io/v1/bars",
                   "/version", "/healthz", "/livez", "/readyz", "/api"]
        real_token, own_token = (text.strip() for text in self.both(
            "create", "token", "default", "-n", self.namespace))
        for real, own in ((real_api(self.cluster), self.client()),
                          (real_api(self.cluster, token=real_token), self.client(token=own_token))):
            for target in targets:
                wanted, seen = real.raw("GET", target), own.raw("GET", target)
                self.assertEqual(seen[0], wanted[0], target)
                if wanted[0] >= 400:
                    self.assertEqual(json.loads(seen[1]), json.loads(wanted[1]), target)
        self.assertEqual(self.client(token="nonsense").raw("GET", "/version")[0], 401)

    def test_nobody_grants_what_he_does_not_hold(self):
        grant = {"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1",
                 "metadata": {"name": f"granter-{self.namespace}"}, "rules": [
                     {"apiGroups": ["rbac.authorization.k8s.io"], "verbs": ["create", "patch"],
                      "resources": ["clusterroles", "clusterrolebindings"]}]}
        for run in (self.cluster.kubectl, self.kubectl):
            run.apply(grant)
            run("create", "clusterrolebinding", grant["metadata"]["name"],
                f"--clusterrole={grant['metadata']['name']}", "--user=bob")
        self.addCleanup(self.cluster.kubectl, "delete", "clusterrole,clusterrolebinding",
                        grant["metadata"]["name"])
        for args in (["clusterrole", "x", "--verb=get,list", "--resource=pods,secrets"],
                     ["clusterrole", "x", "--verb=get", "--non-resource-url=/metrics"],
                     ["clusterrolebinding", "x", "--clusterrole=cluster-admin", "--user=bob"],
                     ["clusterrolebinding", "x", "--clusterrole=none", "--user=bob"]):
            answers = [said(run, "create", *args, "--as=bob")
                       for run in (self.cluster.kubectl, self.kubectl)]
            self.assertEqual(answers[1], answers[0])
            self.assertIn("not ", answers[1])

    def test_whoami_and_reviews(self):
        own = json.loads(self.kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"]
        self.assertEqual(own["username"], "system:admin")
        self.assertEqual(own["groups"], ["system:masters", "system:authenticated"])
        for spec in ({"user": "bob", "groups": ["system:authenticated"],
                      "nonResourceAttributes": {"path": "/api", "verb": "get"}},
                     {"user": "bob", "resourceAttributes": {"verb": "get", "resource": "pods"}},
                     {"user": "system:node:n", "groups": ["system:nodes"], "resourceAttributes": {
                         "verb": "get", "resource": "secrets", "namespace": "x", "name": "y"}},
                     {}):
            review = {"kind": "SubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
                      "spec": spec}
            real, seen = (api.raw("POST", f"{REVIEWS}/subjectaccessreviews", review)
                          for api in (self.api, self.own))
            self.assertEqual(seen[0], real[0], spec)
            fields = ("status", "message") if real[0] >= 400 else ("status",)
            for field in fields:
                self.assertEqual(json.loads(seen[1])[field], json.loads(real[1])[field], spec)

    # Tokens

    def test_a_token_ends_with_what_it_is_bound_to(self):
        self.kubectl("create", "serviceaccount", "robot", "-n", self.namespace)
        spec = {"serviceAccountName": "robot", "containers": [manifests.container()],
                "nodeName": "nowhere"}
        self.own.create(manifests.pod(self.namespace, "bound", spec))
        create = ("create", "token", "robot", "-n", self.namespace)
        plain = self.client(token=self.kubectl(*create).strip())
        bound = self.client(token=self.kubectl(
            *create, "--bound-object-kind=Pod", "--bound-object-name=bound").strip())
        who = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        review = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
        seen = bound.request("POST", who, review)["status"]["userInfo"]
        self.assertEqual(seen["username"], f"system:serviceaccount:{self.namespace}:robot")
        self.assertEqual(seen["extra"]["authentication.kubernetes.io/pod-name"], ["bound"])
        self.own.delete("pods", "bound", self.namespace, grace_s=0)
        self.assertEqual(bound.raw("POST", who, review)[0], 401)
        self.assertEqual(plain.raw("POST", who, review)[0], 201)
        self.own.delete("serviceaccounts", "robot", self.namespace)
        self.assertEqual(plain.raw("POST", who, review)[0], 401)

    def test_a_pods_token_works_from_its_edge(self):
        gateway = self.start_gateway()
        self.kubectl("create", "rolebinding", "reader", "-n", self.namespace,
                     "--clusterrole=view", f"--serviceaccount={self.namespace}:default")
        self.own.create(manifests.pod(self.namespace, "web", manifests.pod_spec(gateway.node)))
        wait_until(lambda: condition(self.own.get("pods", "web", self.namespace), "Ready") == "True",
                   30, "pod web is Ready", seen=lambda: self.own.get("pods", "web", self.namespace))
        container = next(each for each in gateway.containerd.containers(self.namespace)
                         if each.running)
        token = (gateway.containerd.root_of(container) / TOKEN_FILE).read_text()
        pod = self.client(token=token)
        self.assertEqual(pod.get("pods", "web", self.namespace)["metadata"]["name"], "web")
        self.assertEqual(pod.raw("GET", "/api/v1/nodes")[0], 403)
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        self.assertEqual(claims["kubernetes.io"]["pod"]["name"], "web")
        self.assertEqual(claims["kubernetes.io"]["node"]["name"], gateway.node)
        self.own.delete("pods", "web", self.namespace)
        wait_until(lambda: self.own.get("pods", "web", self.namespace) is None, 30, "it is gone")
        self.assertEqual(pod.raw("GET", "/version")[0], 401)

    def start_gateway(self) -> Gateway:
        name = f"edge-{secrets.token_hex(3)}"
        gateway = Gateway(self.directory / name, name, self.cloudcore)
        self.processes.extend([gateway.edgecore.process, gateway.containerd.daemon])
        self.addCleanup(gateway.close)
        gateway.create()
        gateway.edgecore.start()
        wait_until(lambda: condition(self.own.get("nodes", name) or {}, "Ready") == "True", 15,
                   f"node {name} is Ready", seen=lambda: self.own.get("nodes", name))
        return gateway

    # Certificates

    def certificate(self, user: str, group: str, signer: str) -> KubernetesApi:
        """Of a request that the administrator approves."""
        stem = self.directory / secrets.token_hex(4)
        subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-subj", f"/O={group}/CN={user}", "-keyout", f"{stem}.key",
                        "-out", f"{stem}.csr"], check=True, capture_output=True)
        request = base64.b64encode(stem.with_suffix(".csr").read_bytes()).decode()
        self.own.request("POST", REQUESTS, {
            "kind": "CertificateSigningRequest", "apiVersion": "certificates.k8s.io/v1",
            "metadata": {"name": stem.name},
            "spec": {"request": request, "signerName": signer, "usages": ["client auth"]}})
        self.kubectl("certificate", "approve", stem.name)

        def issued() -> str:
            found = self.own.request("GET", f"{REQUESTS}/{stem.name}")
            self.assertEqual(found["spec"]["username"], "system:admin")
            return found["status"].get("certificate", "")
        text = wait_until(issued, 5, "the certificate is issued")
        stem.with_suffix(".crt").write_bytes(base64.b64decode(text))
        return self.client(certificate=f"{stem}.crt", key=f"{stem}.key")

    def test_a_certificate_by_request_gives_its_groups(self):
        jane = self.certificate("jane", "dev", "kubernetes.io/kube-apiserver-client")
        pods = f"/api/v1/namespaces/{self.namespace}/pods"
        self.assertEqual(jane.raw("GET", pods)[0], 403)
        self.kubectl("create", "rolebinding", "dev", "-n", self.namespace, "--clusterrole=view",
                     "--group=dev")
        self.assertEqual(jane.raw("GET", pods)[0], 200)

    def test_a_node_sees_what_concerns_it_as_on_a_real_server(self):
        """The real server is asked in the node's name, ours with the node's certificate."""
        node, ns = f"n-{secrets.token_hex(2)}", self.namespace
        own = self.certificate(f"system:node:{node}", "system:nodes",
                               "kubernetes.io/kube-apiserver-client-kubelet")
        for api in (self.api, self.own):
            for name, where in (("mine", node), ("theirs", "another")):
                api.create(manifests.secret(ns, name, {"a": "b"}))
                container = manifests.container(
                    env=[manifests.env_from_secret("A", name, "a")])
                api.create(manifests.pod(ns, name, {"nodeName": where, "containers": [container],
                                                    "terminationGracePeriodSeconds": 0}))
        prefix = f"/api/v1/namespaces/{ns}"
        label = {"metadata": {"labels": {"node-restriction.kubernetes.io/a": "b"}}}
        merge = "application/merge-patch+json"
        rows = [("GET", f"{prefix}/secrets/mine", None), ("GET", f"{prefix}/secrets/theirs", None),
                ("GET", f"{prefix}/secrets", None), ("GET", f"{prefix}/pods/mine", None),
                ("GET", f"{prefix}/pods/theirs", None), ("GET", "/api/v1/pods", None),
                ("GET", f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}", None),
                ("POST", "/api/v1/nodes", {"metadata": {"name": "another"}}),
                ("POST", "/api/v1/nodes", {"metadata": {"name": node}}),
                ("PATCH", f"/api/v1/nodes/{node}", label),
                ("PATCH", f"/api/v1/nodes/{node}", {"metadata": {"labels": {"a": "b"}}}),
                ("GET", "/api/v1/nodes", None), ("GET", f"/api/v1/nodes/{node}", None),
                ("DELETE", f"/api/v1/nodes/{node}", None),
                ("PATCH", f"{prefix}/pods/mine/status", {"status": {"message": "x"}}),
                ("PATCH", f"{prefix}/pods/theirs/status", {"status": {"message": "x"}}),
                ("PATCH", f"{prefix}/pods/mine", {"metadata": {"labels": {"a": "b"}}}),
                ("DELETE", f"{prefix}/pods/theirs", None),
                ("POST", f"{prefix}/serviceaccounts/default/token", {"spec": {}})]
        self.addCleanup(self.api.delete, "nodes", node)
        real = in_name_of(self.cluster, f"system:node:{node}", "system:nodes")
        for method, target, body in rows:
            kind = merge if method == "PATCH" else "application/json"
            wanted, seen = (api.raw(method, target, body, kind) for api in (real, own))
            self.assertEqual(seen[0], wanted[0], (method, target, seen))
            if wanted[0] >= 400:
                self.assertEqual(message(seen), message(wanted), (method, target))

    # cloudcore itself

    def test_cloudcore_has_the_rights_of_its_manifest_and_no_more(self):
        own = self.client(certificate=str(self.own_files / "cloudcore.crt"),
                          key=str(self.own_files / "cloudcore.key"))
        self.assertEqual(own.raw("GET", "/api/v1/nodes")[0], 200)
        for target in ("/apis/apps/v1/deployments", "/api/v1/services", "/metrics"):
            self.assertEqual(own.raw("GET", target)[0], 403, target)
        log = self.cloudcore.process.tail(2000)
        self.assertNotIn("is forbidden", log)


def in_name_of(cluster: Cluster, user: str, group: str) -> KubernetesApi:
    """The real server's administrator, who asks as another."""
    api = real_api(cluster, certificate=str(cluster.pki / "admin.crt"),
                   key=str(cluster.pki / "admin.key"))
    api.identity.update({"Impersonate-User": user, "Impersonate-Group": group})
    return api


def real_api(cluster: Cluster, **identity: str) -> KubernetesApi:
    return KubernetesApi(cluster.host, cluster.port, str(cluster.pki / "ca.crt"), **identity)


def said(kubectl: Kubectl, *args: str) -> str:
    """What kubectl complains about."""
    return run_result(control_plane_binary(), "kubectl", "--kubeconfig", kubectl.kubeconfig, *args,
                      timeout_s=30).stderr
