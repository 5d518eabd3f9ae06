"""Compares documents of the standalone API with those of a real server, as far as both have them.

Each function returns differences as text: none is what a test wants.
"""
# Said by Kubernetes, and nothing that we serve: parameters that need a broken etcd, and formats.
LEFT_OUT_PARAMETERS = {"ignoreStoreReadErrorWithClusterBreakingPotential"}
# Kubernetes has a list type on this object, where it means nothing.
MEANINGLESS = {("io.k8s.apimachinery.pkg.apis.meta.v1.Status", "details", "x-kubernetes-list-type")}


def resources(ours: dict, theirs: dict) -> list[str]:
    """Of APIResourceList: what we list is listed there, equally."""
    known = {each["name"]: _plain(each) for each in theirs["resources"]}
    found = [f"{each['name']}: {each} is not {known.get(each['name'])}"
             for each in ours["resources"] if each != known.get(each["name"])]
    heads = [{key: value for key, value in each.items() if key != "resources"}
             for each in (ours, theirs)]
    return found if heads[0] == heads[1] else [*found, f"{heads[0]} is not {heads[1]}"]


def aggregated(ours: dict, theirs: dict) -> list[str]:
    """Of APIGroupDiscoveryList; the groups in the same order."""
    known = {each["metadata"].get("name", ""): each for each in theirs["items"]}
    names = [each["metadata"].get("name", "") for each in ours["items"]]
    found = [] if names == [name for name in known if name in names] else [f"order: {names}"]
    for group in ours["items"]:
        other = known[group["metadata"].get("name", "")]
        if group["metadata"] != other["metadata"]:
            found.append(f"metadata: {group['metadata']} is not {other['metadata']}")
        if [each["version"] for each in group["versions"]] != \
                [each["version"] for each in other["versions"]]:
            found.append(f"versions of {group['metadata']}")
        for version, real in zip(group["versions"], other["versions"]):
            by_name = {each["resource"]: each for each in real["resources"]}
            found += [f"{each['resource']}: {each} is not {by_name.get(each['resource'])}"
                      for each in version["resources"] if each != by_name.get(each["resource"])]
            if version["freshness"] != real["freshness"]:
                found.append(f"freshness of {group['metadata']}")
    return found


def groups(ours: dict, theirs: dict) -> list[str]:
    known = {each["name"]: each for each in theirs["groups"]}
    return [f"{each} is not {known.get(each['name'])}" for each in ours["groups"]
            if each != known.get(each["name"])]


def schemas(ours: dict, theirs: dict) -> list[str]:
    """Of the types of an OpenAPI document, by name."""
    found = []
    for name, schema in ours.items():
        if name not in theirs:
            found.append(f"{name}: nobody else has it")
        elif _normal(schema, name) != _normal(theirs[name], name):
            found += _differences(name, _normal(schema, name), _normal(theirs[name], name))
    return found


def paths(ours: dict, theirs: dict) -> list[str]:
    """Of an OpenAPI v3 document: every operation that we have is there, with as much."""
    found = []
    for path, item in ours.items():
        other = theirs.get(path)
        if other is None:
            found.append(f"{path}: nobody else has it")
            continue
        if _parameters(item) != _parameters(other):
            found.append(f"{path}: {_parameters(item)} is not {_parameters(other)}")
        for method in item.keys() - {"parameters"}:
            mine, real = (_operation(each.get(method, {})) for each in (item, other))
            if mine != real:
                found += _differences(f"{path} {method}", mine, real)
    return found


def _operation(operation: dict) -> dict:
    body = operation.get("requestBody", {})
    return {"id": operation.get("operationId"), "action": operation.get("x-kubernetes-action"),
            "kind": operation.get("x-kubernetes-group-version-kind"),
            "tags": operation.get("tags"), "parameters": _parameters(operation),
            "required": body.get("required"),
            "body": {name: each["schema"] for name, each in body.get("content", {}).items()
                     if name != "application/apply-patch+cbor"},
            "answers": {code: _answer(each) for code, each in
                        operation.get("responses", {}).items()}}


def _answer(response: dict):
    """The type; the formats that it is written in are each server's own."""
    types = {str(each["schema"]) for each in response.get("content", {}).values()}
    return sorted(types)


def _parameters(holder: dict) -> list:
    return sorted((each["name"], each["in"], each["schema"]["type"], each.get("required", False))
                  for each in holder.get("parameters", [])
                  if each["name"] not in LEFT_OUT_PARAMETERS)


def _plain(resource: dict) -> dict:
    return {key: value for key, value in resource.items() if key != "storageVersionHash"}


def _normal(schema, name: str, field: str = ""):
    """Without descriptions and with one spelling of what may be spelt in several ways: a list is
    atomic and a map granular unless said otherwise, allOf of one is that one, names have no order.
    """
    if isinstance(schema, list):
        return [_normal(each, name) for each in schema]
    if not isinstance(schema, dict):
        return schema
    out = {}
    for key, value in schema.items():
        if key == "description" and isinstance(value, str) or (name, field, key) in MEANINGLESS:
            continue
        if key == "x-kubernetes-group-version-kind" and name.endswith(".DeleteOptions"):
            continue  # beside custom kinds the server names fewer; generate.table compares them
        if key == "properties":
            out[key] = {each: _normal(of, name, each) for each, of in value.items()}
        elif key in ("required", "enum"):
            out[key] = sorted(value)
        else:
            out[key] = _normal(value, name)
    if out.get("type") == "array":
        out.setdefault("x-kubernetes-list-type", "atomic")
    if out.get("type") == "object" and out.get("x-kubernetes-map-type") == "granular":
        del out["x-kubernetes-map-type"]
    if list(out) == ["allOf"] and len(out["allOf"]) == 1:
        return out["allOf"][0]
    return out


def _differences(at: str, ours, theirs) -> list[str]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [line for key in sorted(ours.keys() | theirs.keys())
                if ours.get(key) != theirs.get(key)
                for line in _differences(f"{at}.{key}", ours.get(key), theirs.get(key))]
    return [f"{at}: {ours} is not {theirs}"]
