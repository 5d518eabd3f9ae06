"""Turns what a kube-apiserver says of its API (discovery, OpenAPI) into the lines of facts.txt.

Facts only: names, types, formats, defaults, merge keys; no descriptions. See the table's own head
for its format.
"""
import json
import re

GROUP_VERSIONS = """
    v1 apiregistration.k8s.io/v1 apps/v1 events.k8s.io/v1 authentication.k8s.io/v1
    authorization.k8s.io/v1 autoscaling/v1 autoscaling/v2 batch/v1 certificates.k8s.io/v1
    networking.k8s.io/v1 policy/v1 rbac.authorization.k8s.io/v1 storage.k8s.io/v1
    apiextensions.k8s.io/v1 scheduling.k8s.io/v1 coordination.k8s.io/v1 node.k8s.io/v1
    discovery.k8s.io/v1""".split()

# Served by Kubernetes in these versions and not by us: nothing would enforce or use them.
LEFT_OUT = {
    "bindings", "componentstatuses", "limitranges", "podtemplates", "replicationcontrollers",
    "resourcequotas", "ipaddresses", "servicecidrs", "volumeattributesclasses"}

# Rows whose objects are those of another group's row.
SHARED_PREFIX = {"events.events.k8s.io": "events"}

# Types that requests and answers have besides those of the kinds.
MORE_TYPES = [
    "io.k8s.api.autoscaling.v1.Scale", "io.k8s.api.core.v1.Binding", "io.k8s.api.policy.v1.Eviction",
    "io.k8s.api.authentication.v1.TokenRequest", *(
        f"io.k8s.apimachinery.pkg.apis.meta.v1.{name}" for name in (
            "Status", "DeleteOptions", "WatchEvent", "Patch", "Condition", "APIResourceList",
            "APIGroup", "APIGroupList", "APIVersions"))]

# Options of subresources: no types in OpenAPI, but the query parameters of these paths.
OPTIONS = {"PodExecOptions": "pods/{name}/exec", "PodAttachOptions": "pods/{name}/attach",
           "PodLogOptions": "pods/{name}/log", "PodPortForwardOptions": "pods/{name}/portforward",
           "PodProxyOptions": "pods/{name}/proxy", "NodeProxyOptions": "nodes/{name}/proxy",
           "ServiceProxyOptions": "services/{name}/proxy"}

PACKAGES = [  # (short, long): the table's spelling of what type names begin with; first match wins
    ("meta/", "io.k8s.apimachinery.pkg.apis.meta."), ("apimachinery/", "io.k8s.apimachinery.pkg."),
    ("apiextensions/", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions."),
    ("apiregistration/", "io.k8s.kube-aggregator.pkg.apis.apiregistration."), ("", "io.k8s.api.")]

_REF = "#/components/schemas/"
_SCALARS = {("string", ""): "string", ("string", "byte"): "byte", ("string", "date-time"): "time",
            ("integer", "int32"): "int32", ("integer", "int64"): "int64", ("integer", ""): "integer",
            ("number", "double"): "double", ("boolean", ""): "bool"}
_NAMED = {"io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
          "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
          # `type: object` without fields says "anything" of all others
          "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus":
              "object"}


class Facts:
    """`fetch(path, accept)` asks the server and returns JSON; `wire` knows the numbers of fields."""

    def __init__(self, fetch, wire):
        self._fetch = fetch
        self._wire = wire
        self._types: dict[str, dict] = {}
        self._wanted: dict[str, bool] = {}

    def lines(self) -> list[str]:
        out = [f"package {short or '-'} {long}" for short, long in PACKAGES]
        documents = self._documents()
        for document in documents.values():
            self._types.update(document["components"]["schemas"])
        for group_version, resource in self._resources():
            out.append(self._resource_line(group_version, resource, documents[group_version]))
        for name in MORE_TYPES:
            self._want(name)
        for name in sorted(self._wanted):  # grows no more: _want follows references
            out += self._type_lines(name, self._types[name])
        paths = documents["v1"]["paths"]
        for name, path in OPTIONS.items():
            out += self._option_lines(f"io.k8s.api.core.v1.{name}", path, paths)
        return out

    def _documents(self) -> dict[str, dict]:
        """By group and version; and those of the answers of discovery."""
        index = self._fetch("/openapi/v3")["paths"]
        places = {each: ("apis/" if "/" in each else "api/") + each for each in GROUP_VERSIONS}
        places.update({each: each for each in ("api", "apis", "apis/apps")})
        return {name: self._fetch(index[place]["serverRelativeURL"])
                for name, place in places.items()}

    def _resources(self):
        aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        for root in ("/api", "/apis"):
            for group in self._fetch(root, aggregated)["items"]:
                name = group["metadata"].get("name", "")
                for version in group["versions"]:
                    group_version = (name + "/" if name else "") + version["version"]
                    if group_version not in GROUP_VERSIONS:
                        continue
                    for resource in version["resources"]:
                        if resource["resource"] not in LEFT_OUT:
                            yield group_version, resource

    def _resource_line(self, group_version: str, resource: dict, document: dict) -> str:
        kind, plural = resource["responseKind"]["kind"], resource["resource"]
        group, _, version = group_version.rpartition("/")
        type_name = self._type_of({"group": group, "version": version, "kind": kind}, document)
        self._want(type_name)
        listed = type_name + "List"
        if listed in self._types:
            self._want(listed)
        prefix = plural + ("." + group if group else "")
        scope = "namespaced" if resource["scope"] == "Namespaced" else "cluster"
        words = ["resource", group_version, kind, plural, resource["singularResource"], scope,
                 SHARED_PREFIX.get(prefix, prefix), _short(type_name)]
        subresources = [each["subresource"] for each in resource.get("subresources", [])]
        for key, values in (("verbs", resource["verbs"]), ("short", resource.get("shortNames")),
                            ("categories", resource.get("categories")), ("sub", subresources)):
            if values:
                words.append(f"{key}={','.join(values)}")
        return " ".join(words)

    def _type_of(self, kind: dict, document: dict) -> str:
        found = [name for name, schema in document["components"]["schemas"].items()
                 if kind in schema.get("x-kubernetes-group-version-kind", [])]
        assert len(found) == 1, f"{kind} has types {found}"
        return found[0]

    def _want(self, name: str) -> None:
        if name in self._wanted:
            return
        self._wanted[name] = True
        for reference in _references(self._types[name]):
            self._want(reference)

    def _type_lines(self, name: str, schema: dict) -> list[str]:
        schema = dict(schema)
        words = ["type", _short(name), _NAMED.get(name) or _shape(schema)]
        if "x-kubernetes-map-type" in schema:
            words.append(f"map={schema.pop('x-kubernetes-map-type')}")
        for each in schema.pop("x-kubernetes-group-version-kind", []):
            words.append(f"kind={each['group']}/{each['version']}/{each['kind']}")
        if "x-kubernetes-unions" in schema:
            words.append(f"unions={_compact(schema.pop('x-kubernetes-unions'))}")
        required = schema.pop("required", [])
        fields = schema.pop("properties", {})
        unknown = schema.keys() - {"type", "format", "oneOf", "description"}
        assert not unknown, f"{name}: {unknown}"
        # A type without fields of its own (Quantity, RawExtension) has a form of its own, too.
        wire = self._wire.of(name) if fields else {}
        unnumbered = fields.keys() - wire.keys() - {"apiVersion", "kind"}
        assert not unnumbered or not wire, f"{name}: {unnumbered} have no number in protobuf"
        return [" ".join(words)] + [_field_line(field, each, field in required, wire.get(field))
                                    for field, each in sorted(fields.items())]

    def _option_lines(self, name: str, path: str, paths: dict) -> list[str]:
        place = "/api/v1/" + ("" if path.startswith("nodes") else "namespaces/{namespace}/") + path
        parameters = [each for source in (paths[place], paths[place]["get"])
                      for each in source.get("parameters", [])
                      if each["in"] == "query" and each["name"] != "pretty"]
        return [f"type {_short(name)} object query"] + [
            _field_line(each["name"], {key: value for key, value in each["schema"].items()
                                       if key != "uniqueItems"}, False)
            for each in sorted(parameters, key=lambda each: each["name"])]


def _field_line(name: str, schema: dict, required: bool, wire=None) -> str:
    schema = {key: value for key, value in schema.items() if key != "description"}
    default = schema.pop("default", None)
    list_type = schema.pop("x-kubernetes-list-type", None)
    keys = schema.pop("x-kubernetes-list-map-keys", None)
    map_type = schema.pop("x-kubernetes-map-type", None)
    strategy = schema.pop("x-kubernetes-patch-strategy", None)
    merge_key = schema.pop("x-kubernetes-patch-merge-key", None)
    expression = _type_expression(schema)
    has_zero = re.match(r"(string|byte|int\w*|bool|double)\b(?!-)|\[|\{", expression)
    words = [" " + name + (wire.text(bool(has_zero)) if wire else ""), expression]
    if required:
        words.append("required")
    if list_type:
        words.append(f"list={list_type}" + (":" + ",".join(keys) if keys else ""))
    if map_type:
        words.append(f"map={map_type}")
    if strategy or merge_key:
        words.append(f"patch={strategy or ''}" + (f":{merge_key}" if merge_key else ""))
    if default is not None:
        words.append(f"={_compact(default)}")
    return " ".join(words)


def _type_expression(schema: dict) -> str:
    """Of a field: "string(A|B)", "[]core/v1.Container", "{}[]string"."""
    schema = {key: value for key, value in schema.items() if key not in ("description", "default")}
    if "allOf" in schema:
        assert schema.keys() == {"allOf"} and len(schema["allOf"]) == 1, schema
        schema = schema["allOf"][0]
    if "$ref" in schema:
        assert schema.keys() == {"$ref"}, schema
        return _short(schema["$ref"].removeprefix(_REF))
    if schema.get("type") == "array":
        assert schema.keys() == {"type", "items"}, schema
        return "[]" + _type_expression(schema["items"])
    if schema.get("type") == "object":
        assert schema.keys() == {"type", "additionalProperties"}, schema
        return "{}" + _type_expression(schema["additionalProperties"])
    values = schema.pop("enum", None)
    text = _SCALARS[schema.pop("type"), schema.pop("format", "")]
    assert not schema, schema
    return text + (f"({'|'.join(values)})" if values else "")


def _shape(schema: dict) -> str:
    """Of a named type: what it is when it has no fields."""
    if "properties" in schema:
        return "object"
    if schema.get("type") == "object":
        return "any-object"
    return _SCALARS[schema["type"], schema.get("format", "")] if "type" in schema else "any"


def _references(schema) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix(_REF)] if isinstance(schema.get("$ref"), str) else []
        return own + [each for value in schema.values() for each in _references(value)]
    if isinstance(schema, list):
        return [each for value in schema for each in _references(value)]
    return []


def _short(name: str) -> str:
    for short, long in PACKAGES:
        if name.startswith(long):
            return short + name.removeprefix(long)
    raise AssertionError(f"no package for {name}")


def _compact(value) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
