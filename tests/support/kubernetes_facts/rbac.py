"""The roles and bindings that a kube-apiserver makes for itself, as lines of rbac_facts.txt."""
import collections.abc

BOOTSTRAP = "labelSelector=kubernetes.io%2Fbootstrapping%3Drbac-defaults"
GROUP = "/apis/rbac.authorization.k8s.io/v1"
ALWAYS = {"kubernetes.io/bootstrapping"}


def words(values: list[str] | None) -> str:
    """One word of a line; the core group, which has no name, is a dash."""
    return ",".join(value or "-" for value in values or []) or "-"


class RbacFacts:
    """`fetch`: GET of a path, parsed."""

    def __init__(self, fetch: collections.abc.Callable[[str], dict]):
        self._fetch = fetch

    def lines(self) -> list[str]:
        out = []
        for resource in ("clusterroles", "roles"):
            for item in self._items(resource):
                out += [self._head(resource, item), *self._rules(item)]
        for resource in ("clusterrolebindings", "rolebindings"):
            for item in self._items(resource):
                out += [self._head(resource, item), *self._subjects(item)]
        return out

    def _items(self, resource: str) -> list[dict]:
        items = self._fetch(f"{GROUP}/{resource}?{BOOTSTRAP}")["items"]
        return sorted(items, key=lambda item: (item["metadata"].get("namespace", ""),
                                               item["metadata"]["name"]))

    @staticmethod
    def _head(resource: str, item: dict) -> str:
        metadata = item["metadata"]
        parts = [resource, metadata.get("namespace", "-"), metadata["name"]]
        if "roleRef" in item:
            parts.append(f"{item['roleRef']['kind']}/{item['roleRef']['name']}")
        labels = [key for key, value in sorted(metadata["labels"].items()) if key not in ALWAYS]
        parts += [f"label={key}" for key in labels]
        for selector in item.get("aggregationRule", {}).get("clusterRoleSelectors", []):
            parts += [f"aggregate={key}" for key in selector["matchLabels"]]
        return " ".join(parts)

    @staticmethod
    def _rules(item: dict) -> list[str]:
        if "aggregationRule" in item:
            return []  # a controller's work
        out = []
        for rule in item.get("rules") or []:
            if "nonResourceURLs" in rule:
                out.append(f" url {words(rule['verbs'])} {words(rule['nonResourceURLs'])}")
                continue
            names = rule.get("resourceNames")
            out.append(f" rule {words(rule['verbs'])} {words(rule['apiGroups'])} "
                       f"{words(rule['resources'])}" + (f" {words(names)}" if names else ""))
        return out

    @staticmethod
    def _subjects(item: dict) -> list[str]:
        return [f" subject {each['kind']} {each.get('namespace', '-')} {each['name']}"
                for each in item.get("subjects") or []]
