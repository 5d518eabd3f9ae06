"""CustomResourceDefinitions and custom objects, valid and invalid, that two APIs must answer alike.

DEFINITIONS and OBJECTS map a name to what is created as a dry run. A new case is an entry;
e2e/standalone_crd_test.py runs them all.
"""
import copy

GROUP = "crds.skerry.io"
BAD_GROUP = "bad.skerry.io"


def definition(plural: str = "widgets", group: str = BAD_GROUP, kind: str = "Widget") -> dict:
    schema = {"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"plural": plural, "kind": kind},
                     "versions": [{"name": "v1", "served": True, "storage": True,
                                   "schema": {"openAPIV3Schema": schema}}]}}


def _spec(**fields) -> dict:
    made = definition()
    made["spec"].update(fields)
    return made


def _names(**fields) -> dict:
    made = definition()
    made["spec"]["names"].update(fields)
    return made


def _version(**fields) -> dict:
    made = definition()
    made["spec"]["versions"][0].update(fields)
    return made


def _schema(x: dict) -> dict:
    """Of the field spec.x."""
    made = definition()
    schema = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["x"] = x
    return made


def _group(group: str, plural: str = "widgets", **metadata) -> dict:
    made = definition(plural, group)
    made["metadata"].update(metadata)
    return made


def _without(field: str) -> dict:
    made = definition()
    del made["spec"][field]
    return made


def _second(**fields) -> dict:
    made = definition()
    made["spec"]["versions"].append({**copy.deepcopy(made["spec"]["versions"][0]),
                                     "name": "v2"} | fields)
    return made


_COLUMN = {"name": "A", "type": "string", "jsonPath": ".spec.a"}
_WEBHOOK = {"conversionReviewVersions": ["v1"],
            "clientConfig": {"service": {"namespace": "a", "name": "b"}}}
_RULE = {"rule": "self != 'x'", "message": "no x"}

DEFINITIONS = {
    "valid": definition(),
    "another name": {**definition(), "metadata": {"name": "foo.bar"}},
    "a group that is none": _group("Bad_Group"),
    "a group without a dot": _group("bad"),
    "a protected group": _group("foo.k8s.io"),
    "a protected group, approved": _group("foo.k8s.io", annotations={
        "api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/1"}),
    "no scope": _without("scope"),
    "another scope": _spec(scope="Global"),
    "no versions": _spec(versions=[]),
    "no kind": _names(kind=""),
    "a kind that is none": _names(kind="Wid_get"),
    "a plural that is none": _group("bad.skerry.io", "Widgets"),
    "a short name that is none": _names(shortNames=["A B"]),
    "a singular that is none": _names(singular="Widget"),
    "a category that is none": _names(categories=["A B"]),
    "kind and list kind": _names(listKind="Widget"),
    "not served": _version(served=False),
    "a version that is none": _version(name="V_1"),
    "a warning without deprecation": _version(deprecationWarning="foo"),
    "an empty schema": _version(schema={}),
    "no object": _version(schema={"openAPIV3Schema": {"type": "string"}}),
    "metadata with labels": _version(schema={"openAPIV3Schema": {"type": "object", "properties": {
        "metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}}),
    "preserveUnknownFields": _spec(preserveUnknownFields=True),
    "properties without type": _schema({"properties": {"q": {}}}),
    "a list without items": _schema({"type": "array"}),
    "properties and additionalProperties": _schema({
        "type": "object", "additionalProperties": {"type": "string"},
        "properties": {"a": {"type": "string"}}}),
    "a pattern without its end": _schema({"type": "string", "pattern": "(["}),
    "a pattern of another language": _schema({"type": "string", "pattern": "(?=a)b"}),
    "a default of another type": _schema({"type": "string", "default": 5}),
    "a default outside of enum": _schema({"type": "string", "enum": ["a"], "default": "b"}),
    "a default with unknown fields": _schema({"type": "object", "default": {"zz": 1},
                                              "properties": {"a": {"type": "integer"}}}),
    "a default of null": _schema({"type": "string", "default": None}),
    "an unknown type": _schema({"type": "text"}),
    "an unknown list type": _schema({"type": "array", "items": {"type": "string"},
                                     "x-kubernetes-list-type": "foo"}),
    "a map list without keys": _schema({"type": "array", "items": {"type": "object"},
                                        "x-kubernetes-list-type": "map"}),
    "a reference": _schema({"$ref": "#/x"}),
    "uniqueItems": _schema({"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
    "an unknown format": _schema({"type": "string", "format": "nope"}),
    "an unknown keyword": _schema({"type": "string", "foo": "a"}),
    "int-or-string": _schema({"x-kubernetes-int-or-string": True}),
    "a column of an unknown type": _version(additionalPrinterColumns=[{**_COLUMN, "type": "foo"}]),
    "a column without a dot": _version(
        additionalPrinterColumns=[{**_COLUMN, "jsonPath": "spec.a"}]),
    "a column of nothing": _version(
        additionalPrinterColumns=[{"name": "", "type": "string", "jsonPath": ""}]),
    "a column of an unknown format": _version(
        additionalPrinterColumns=[{**_COLUMN, "format": "zz"}]),
    "a scale of other paths": _version(subresources={"scale": {
        "specReplicasPath": ".status.x", "statusReplicasPath": ".spec.x"}}),
    "a scale of no paths": _version(subresources={"scale": {
        "specReplicasPath": "", "statusReplicasPath": ""}}),
    "a scale with another selector": _version(subresources={"scale": {
        "specReplicasPath": ".spec.x", "statusReplicasPath": ".status.x",
        "labelSelectorPath": ".foo"}}),
    "selectable fields": _version(selectableFields=[{"jsonPath": ".spec.a"}]),
    "selectable fields that are none": _version(selectableFields=[
        {"jsonPath": ".spec.nope"}, {"jsonPath": ".metadata.name"}]),
    "a webhook without its place": _spec(conversion={"strategy": "Webhook"}),
    "another conversion": _spec(conversion={"strategy": "Foo"}),
    "no conversion, and a webhook": _spec(conversion={
        "strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}}),
    "an empty rule": _schema({"type": "string", "x-kubernetes-validations": [{"rule": ""}]}),
    "an unknown field": _spec(foo=1),
    "no storage version": _version(storage=False),
    "two storage versions": _second(),
    "a version twice": _second(storage=False, name="v1"),
    "a second version": _second(storage=False),
    "a second version with another schema": _second(storage=False, schema={
        "openAPIV3Schema": {"type": "object", "properties": {"q": {}}}}),
}

# Kubernetes evaluates these, or calls them; here a warning says that it is not done.
WARNED = {
    "rules": _schema({"type": "string", "maxLength": 10, "x-kubernetes-validations": [_RULE]}),
    "a conversion webhook": _spec(conversion={"strategy": "Webhook", "webhook": _WEBHOOK}),
}

_CRON = r"^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$"
_FIELDS = {
    "cronSpec": {"type": "string", "pattern": _CRON, "description": "When."},
    "image": {"type": "string", "default": "busybox", "minLength": 1, "maxLength": 10},
    "replicas": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 10, "default": 1},
    "mode": {"type": "string", "enum": ["fast", "slow"]},
    "weight": {"type": "number", "exclusiveMinimum": True, "minimum": 0, "multipleOf": 0.5},
    "port": {"x-kubernetes-int-or-string": True},
    "enabled": {"type": "boolean", "nullable": True},
    "when": {"type": "string", "format": "date-time"},
    "ip": {"type": "string", "format": "ipv4"},
    "uri": {"type": "string", "format": "uri"},
    "uid": {"type": "string", "format": "uuid"},
    "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set",
             "minItems": 1, "maxItems": 3},
    "ports": {"type": "array", "x-kubernetes-list-type": "map",
              "x-kubernetes-list-map-keys": ["name"],
              "items": {"type": "object", "required": ["name"], "properties": {
                  "name": {"type": "string"}, "port": {"type": "integer", "default": 80}}}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1,
               "maxProperties": 2},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True,
             "properties": {"known": {"type": "integer"}}},
    "template": {"type": "object", "x-kubernetes-embedded-resource": True,
                 "x-kubernetes-preserve-unknown-fields": True},
    "choice": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
               "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "any": {"type": "string", "anyOf": [{"minLength": 5}, {"enum": ["a"]}]},
    "no": {"type": "string", "not": {"enum": ["bad"]}},
    "all": {"type": "string", "allOf": [{"minLength": 2}, {"maxLength": 3}]},
}


def crontabs(group: str = GROUP) -> dict:
    made = definition("crontabs", group, "CronTab")
    made["spec"]["names"] |= {"shortNames": ["sct"], "categories": ["all"]}
    version = made["spec"]["versions"][0]
    version["schema"]["openAPIV3Schema"] = {"type": "object", "required": ["spec"], "properties": {
        "spec": {"type": "object", "required": ["cronSpec"], "properties": _FIELDS},
        "status": {"type": "object", "properties": {
            "replicas": {"type": "integer"}, "labelSelector": {"type": "string"},
            "conditions": {"type": "array", "items": {"type": "object", "properties": {
                "type": {"type": "string"}, "status": {"type": "string"}}}}}}}}
    version["subresources"] = {"status": {}, "scale": {
        "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.labelSelector"}}
    version["selectableFields"] = [{"jsonPath": ".spec.mode"}]
    version["additionalPrinterColumns"] = [
        {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec", "description": "When."},
        {"name": "Ready", "type": "string",
         "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Replicas", "type": "integer", "jsonPath": ".spec.replicas", "priority": 1},
        {"name": "Enabled", "type": "boolean", "jsonPath": ".spec.enabled"},
        {"name": "Tags", "type": "string", "jsonPath": ".spec.tags"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]
    made["spec"]["versions"].append({
        "name": "v1beta1", "served": True, "storage": False, "deprecated": True,
        "schema": {"openAPIV3Schema": {"type": "object",
                                       "x-kubernetes-preserve-unknown-fields": True}}})
    return made


OK = {"cronSpec": "* * * * */5"}
OBJECTS = {
    "valid": OK,
    "another type": {"cronSpec": 5},
    "what is required": {},
    "pattern": {"cronSpec": "x"},
    "nulls": {**OK, "image": None, "enabled": None, "mode": None},
    "minLength": {**OK, "image": ""},
    "maxLength": {**OK, "image": "a" * 11},
    "minimum": {**OK, "replicas": 0},
    "maximum": {**OK, "replicas": 11},
    "a fraction": {**OK, "replicas": 1.5},
    "a number as text": {**OK, "replicas": "1"},
    "enum": {**OK, "mode": "x"},
    "enum of another type": {**OK, "mode": 3},
    "exclusiveMinimum": {**OK, "weight": 0},
    "multipleOf": {**OK, "weight": 0.7},
    "int-or-string: text": {**OK, "port": "80%"},
    "int-or-string: a fraction": {**OK, "port": 1.5},
    "int-or-string: an object": {**OK, "port": {}},
    "a boolean": {**OK, "enabled": "yes"},
    "date-time": {**OK, "when": "now"},
    "ipv4": {**OK, "ip": "300.1.1.1"},
    "uri": {**OK, "uri": "::x"},
    "uuid": {**OK, "uid": "x"},
    "minItems": {**OK, "tags": []},
    "maxItems": {**OK, "tags": list("abcd")},
    "a set": {**OK, "tags": ["a", "b", "a"]},
    "items": {**OK, "tags": [1, "a"]},
    "an object for a list": {**OK, "tags": {"a": 1}},
    "a map": {**OK, "ports": [{"name": "a"}, {"name": "a"}]},
    "a key that is required": {**OK, "ports": [{"port": 1}]},
    "an unknown field of an item": {**OK, "ports": [{"name": "a", "foo": 1}]},
    "minProperties": {**OK, "labels": {}},
    "maxProperties": {**OK, "labels": {"a": "1", "b": "2", "c": "3"}},
    "additionalProperties": {**OK, "labels": {"a": 1}},
    "what is kept": {**OK, "free": {"known": 1, "x": {"y": None}}},
    "what is kept and known": {**OK, "free": {"known": "1", "x": 1}},
    "an embedded object": {**OK, "template": {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x", "foo": 1}, "spec": {}}},
    "an embedded object of no version": {**OK, "template": {"kind": "Pod"}},
    "oneOf: none": {**OK, "choice": {}},
    "oneOf: two": {**OK, "choice": {"a": "x", "b": "y"}},
    "anyOf": {**OK, "any": "b"},
    "not": {**OK, "no": "bad"},
    "allOf": {**OK, "all": "bbbb"},
    "unknown fields": {**OK, "foo": 1, "bar": {"x": 1}},
    "several": {"cronSpec": "x", "replicas": 0, "mode": "x", "image": "a" * 11},
    "no object": "x",
}


def crontab(name: str, spec: object, group: str = GROUP, **more) -> dict:
    return {"apiVersion": f"{group}/v1", "kind": "CronTab", "metadata": {"name": name},
            "spec": spec, **more}


def large(group: str = GROUP, fields: int = 400) -> dict:
    """As large as those of big operators: some 150 KB, deep and wide."""
    def part(depth: int) -> dict:
        properties = {f"field{i}": {"type": "string", "description": "A field of a large type. " * 3,
                                    "maxLength": 253} for i in range(8)}
        if depth:
            properties |= {
                "nested": part(depth - 1),
                "list": {"type": "array", "items": part(depth - 1)},
                "map": {"type": "object", "additionalProperties": part(depth - 1)}}
        return {"type": "object", "properties": properties}
    made = definition("larges", group, "Large")
    schema = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"] = {"spec": part(3), "status": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    schema["properties"]["spec"]["properties"] |= {
        f"option{i}": {"type": "integer", "default": i} for i in range(fields)}
    return made
