"""A Kubernetes API client of a few lines: a poll costs 2 ms, where a kubectl costs 150."""
import collections.abc
import contextlib
import http.client
import json
import ssl
import urllib.parse

# plural -> API group path; the kinds that tests touch
_GROUPS = {
    "pods": "/api/v1", "configmaps": "/api/v1", "secrets": "/api/v1", "nodes": "/api/v1",
    "namespaces": "/api/v1", "serviceaccounts": "/api/v1", "events": "/api/v1",
    "deployments": "/apis/apps/v1", "replicasets": "/apis/apps/v1",
    "daemonsets": "/apis/apps/v1", "statefulsets": "/apis/apps/v1",
    "jobs": "/apis/batch/v1", "cronjobs": "/apis/batch/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}
_CLUSTER_SCOPED = {"nodes", "namespaces"}
_PATCH = "application/strategic-merge-patch+json"


class ApiError(Exception):
    def __init__(self, status: int, message: str):
        super().__init__(f"{status}: {message}")
        self.status = status


class KubernetesApi:
    """Speaks as one user; keeps one connection. Objects are dicts as the API has them."""

    def __init__(self, host: str, port: int, ca: str, certificate: str = "", key: str = "",
                 token: str = ""):
        """Either a client certificate or a bearer token says who asks. `identity`: headers."""
        context = ssl.create_default_context(cafile=ca)
        if certificate:
            context.load_cert_chain(certificate, key)
        self.identity = {"Authorization": f"Bearer {token}"} if token else {}
        self._context, self._server = context, (host, port)
        self._connection = http.client.HTTPSConnection(host, port, timeout=15, context=context)

    def get(self, plural: str, name: str, namespace: str | None = None) -> dict | None:
        """None where there is no such object: tests ask that more often than they want an error."""
        try:
            return self.request("GET", path(plural, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, plural: str, namespace: str | None = None, labels: str = "",
             fields: str = "") -> list[dict]:
        query = urllib.parse.urlencode({"labelSelector": labels, "fieldSelector": fields})
        return self.request("GET", f"{path(plural, namespace)}?{query}")["items"]

    def create(self, obj: dict) -> dict:
        plural = obj["kind"].lower() + "s"
        return self.request("POST", path(plural, obj["metadata"].get("namespace")), obj)

    def patch(self, plural: str, name: str, change: dict, namespace: str | None = None) -> dict:
        return self.request("PATCH", path(plural, namespace, name), change, _PATCH)

    def delete(self, plural: str, name: str, namespace: str | None = None,
               grace_s: int | None = None) -> None:
        options = {} if grace_s is None else {"gracePeriodSeconds": grace_s}
        try:
            self.request("DELETE", path(plural, namespace, name),
                         {"propagationPolicy": "Background", **options})
        except ApiError as error:
            if error.status != 404:
                raise

    @contextlib.contextmanager
    def watch(self, target: str) -> collections.abc.Iterator[collections.abc.Iterator[dict]]:
        """The events of a watch, on a connection of its own; it is open when the block begins."""
        connection = http.client.HTTPSConnection(*self._server, timeout=30, context=self._context)
        with contextlib.closing(connection):
            connection.request("GET", target, headers=self.identity)
            response = connection.getresponse()
            if response.status != 200:
                raise ApiError(response.status, f"GET {target}: {_message(response.read())}")
            yield map(json.loads, iter(response.readline, b""))

    def request(self, method: str, target: str, body: dict | None = None,
                content_type: str = "application/json") -> dict:
        status, data = self.raw(method, target, body, content_type)
        if status >= 300:
            message = _message(data)
            raise ApiError(status, f"{method} {target}: {message}")
        return json.loads(data) if data else {}

    def raw(self, method: str, target: str, body: dict | None = None,
            content_type: str = "application/json") -> tuple[int, bytes]:
        payload = None if body is None else json.dumps(body)
        return self._exchange(method, target, payload, {"Content-Type": content_type})

    def fetch(self, target: str, accept: str = "application/json") -> tuple[int, bytes]:
        return self._exchange("GET", target, None, {"Accept": accept})

    def _exchange(self, method: str, target: str, payload: str | None,
                  headers: dict[str, str]) -> tuple[int, bytes]:
        for attempt in (1, 2):  # the server may have closed the idle connection
            try:
                self._connection.request(method, target, payload, {**headers, **self.identity})
                response = self._connection.getresponse()
                return response.status, response.read()
            except (http.client.HTTPException, ConnectionError, ssl.SSLError, TimeoutError):
                self._connection.close()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")


def path(plural: str, namespace: str | None = None, name: str | None = None) -> str:
    parts = [_GROUPS[plural]]
    if namespace and plural not in _CLUSTER_SCOPED:
        parts += ["namespaces", namespace]
    parts.append(plural)
    return "/".join([*parts, name] if name else parts)


def _message(data: bytes) -> str:
    try:
        return json.loads(data)["message"]
    except (ValueError, KeyError, TypeError):
        return data[:300].decode(errors="replace")
