"""Roles and their bindings."""
from kind_manifests import Update, obj

_CREATES = {
    "Role, good: d": obj(
        "rbac.authorization.k8s.io/v1", "Role", "d",
        rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
    "ClusterRole, good: wkd": obj(
        "rbac.authorization.k8s.io/v1", "ClusterRole", "wkd",
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}),
    "RoleBinding, good: d": obj(
        "rbac.authorization.k8s.io/v1", "RoleBinding", "d",
        roleRef={"kind": "Role", "name": "d", "apiGroup": "rbac.authorization.k8s.io"},
        subjects=[{"kind": "User", "name": "u"}, {"kind": "Group", "name": "g"},
                  {"kind": "ServiceAccount", "name": "sa", "namespace": "wk"}]),
    "ClusterRoleBinding, good: wkd": obj(
        "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "wkd",
        roleRef={"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"}),
    "Role, bad: bad": obj(
        "rbac.authorization.k8s.io/v1", "Role", "bad",
        rules=[{}, {"verbs": ["get"]}, {"verbs": ["get"], "apiGroups": [""]},
               {"verbs": ["get"], "nonResourceURLs": ["/x"]},
               {"verbs": [], "apiGroups": [""], "resources": ["pods"]}]),
    "ClusterRole, bad: wkbad": obj(
        "rbac.authorization.k8s.io/v1", "ClusterRole", "wkbad",
        rules=[{}, {"verbs": ["get"]},
               {"verbs": ["get"],
                "nonResourceURLs": ["x", "/a*b", "*", "/a/*"],
                "apiGroups": [""]},
               {"verbs": ["get"],
                "nonResourceURLs": ["/x"],
                "resources": ["a"],
                "apiGroups": [""]}],
        aggregationRule={"clusterRoleSelectors": []}),
    "ClusterRole, bad: wkbad 2": obj(
        "rbac.authorization.k8s.io/v1", "ClusterRole", "wkbad",
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a b": "c"}}]}),
    "RoleBinding, bad: bad": obj(
        "rbac.authorization.k8s.io/v1", "RoleBinding", "bad",
        roleRef={"kind": "Foo", "name": "", "apiGroup": "foo"},
        subjects=[{"kind": "", "name": ""}, {"kind": "User", "name": "", "apiGroup": "foo"},
                  {"kind": "ServiceAccount", "name": "A B", "apiGroup": "foo"},
                  {"kind": "ServiceAccount", "name": "a"},
                  {"kind": "Group", "name": "g", "namespace": "x"},
                  {"kind": "Foo", "name": "x", "apiGroup": "x"}]),
    "RoleBinding, bad: bad2": obj(
        "rbac.authorization.k8s.io/v1", "RoleBinding", "bad2",
        roleRef={"kind": "Role", "name": "x"},
        subjects=[{"kind": "ServiceAccount", "name": "A B", "namespace": "x"},
                  {"kind": "User", "name": "a", "namespace": "y"}]),
    "ClusterRoleBinding, bad: wkbad": obj(
        "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "wkbad",
        roleRef={"kind": "Role", "name": "a/b"},
        subjects=[{"kind": "", "name": ""}, {"kind": "User", "name": "", "apiGroup": "foo"},
                  {"kind": "ServiceAccount", "name": "A B"}, {"kind": "Group"}]),
    "ClusterRoleBinding, bad: wkbad 2": obj(
        "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "wkbad"),
    "Role, bad: a/b": obj(
        "rbac.authorization.k8s.io/v1", "Role", "a/b"),
}

_CHANGES = {
    "RoleBinding: its role stays": (
        "RoleBinding, good: d", {"roleRef": {"name": "other"}}),
    "ClusterRoleBinding: its role stays": (
        "ClusterRoleBinding, good: wkd", {"roleRef": {"name": "edit"}}),
    "Role: its rules may go": (
        "Role, good: d", {"rules": []}),
}

CASES = _CREATES | {name: Update(_CREATES[base], change)
                     for name, (base, change) in _CHANGES.items()}
