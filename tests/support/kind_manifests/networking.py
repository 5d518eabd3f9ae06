"""Ingress, IngressClass, NetworkPolicy, EndpointSlice."""
from kind_manifests import Update, obj

_CREATES = {
    "Ingress, good: d": obj(
        "networking.k8s.io/v1", "Ingress", "d",
        spec={"rules": [{"host": "a.example.com",
                         "http": {"paths": [{"path": "/",
                                             "pathType": "Prefix",
                                             "backend": {"service": {"name": "s",
                                                                    "port": {"number": 80}}}}]}}]}),
    "IngressClass, good: wkd": obj(
        "networking.k8s.io/v1", "IngressClass", "wkd",
        spec={"controller": "example.com/c",
              "parameters": {"kind": "X", "name": "y", "apiGroup": "example.com"}}),
    "NetworkPolicy, good: d": obj(
        "networking.k8s.io/v1", "NetworkPolicy", "d",
        spec={"podSelector": {},
              "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}]}),
    "NetworkPolicy, good: e": obj(
        "networking.k8s.io/v1", "NetworkPolicy", "e",
        spec={"podSelector": {},
              "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8",
                                              "except": ["10.1.0.0/16"]}}]}]}),
    "EndpointSlice, good: d": obj(
        "discovery.k8s.io/v1", "EndpointSlice", "d",
        addressType="IPv4",
        endpoints=[{"addresses": ["10.0.0.1"]}],
        ports=[{"port": 80}]),
    "Ingress, bad: empty": obj(
        "networking.k8s.io/v1", "Ingress", "empty",
        spec={}),
    "Ingress, bad: bad1": obj(
        "networking.k8s.io/v1", "Ingress", "bad1",
        spec={"ingressClassName": "A_B",
              "defaultBackend": {},
              "tls": [{"hosts": ["a b", "*.x.y"], "secretName": "S!"}],
              "rules": [{"host": "1.2.3.4", "http": {"paths": []}},
                        {"host": "*foo",
                         "http": {"paths": [{"path": "foo",
                                             "pathType": "Prefix",
                                             "backend": {"service": {"name": "s",
                                                                    "port": {"number": 80}}}}]}}]}),
    "Ingress, bad: bad2": obj(
        "networking.k8s.io/v1", "Ingress", "bad2",
        spec={"rules": [{"http": {"paths": [{"path": "/",
                                             "backend": {"service": {"name": "s",
                                                                     "port": {"number": 80}}}},
                                            {"path": "/",
                                             "pathType": "X",
                                             "backend": {"service": {"name": "s",
                                                                     "port": {"number": 80}}}},
                                            {"pathType": "Exact",
                                             "backend": {"service": {"name": "", "port": {}}}},
                                            {"path": "/a//b",
                                             "pathType": "Exact",
                                             "backend": {"service": {"name": "s",
                                                                     "port": {"number": 80,
                                                                              "name": "http"}}}},
                                            {"path": "/a/../b",
                                             "pathType": "Prefix",
                                             "backend": {"service": {"name": "S_",
                                                                     "port": {"number": 0}}}},
                                            {"path": "/c%2fb",
                                             "pathType": "ImplementationSpecific",
                                             "backend": {"service": {"name": "s",
                                                                     "port": {"number": 99999}}}},
                                            {"path": "/x",
                                             "pathType": "Prefix",
                                             "backend": {"resource": {"kind": "", "name": ""},
                                                         "service": {"name": "s",
                                                                     "port": {"number": 80}}}},
                                            {"path": "/", "pathType": "Prefix", "backend": {}},
                                            {"path": "/z",
                                             "pathType": "Prefix",
                                             "backend": {"service": {"name": "s",
                                                                     "port": {"name": "a "
                                                                                      "b"}}}}]}}]}),
    "Ingress, bad: annot": obj(
        "networking.k8s.io/v1", "Ingress", "annot",
        spec={"ingressClassName": "nginx",
              "defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}},
        metadata={"annotations": {"kubernetes.io/ingress.class": "nginx"}}),
    "Ingress, bad: wildcard": obj(
        "networking.k8s.io/v1", "Ingress", "wildcard",
        spec={"rules": [{"host": "*.foo.com",
                         "http": {"paths": [{"pathType": "ImplementationSpecific",
                                             "backend": {"resource": {"apiGroup": "k8s.example.com",
                                                                      "kind": "X",
                                                                      "name": "y"}}}]}},
                        {"host": "Foo.com"}]}),
    "IngressClass, bad: wkbad": obj(
        "networking.k8s.io/v1", "IngressClass", "wkbad",
        spec={"controller": "",
              "parameters": {"kind": "", "name": "a/b", "apiGroup": "A B", "scope": "Namespace"}}),
    "IngressClass, bad: wkbad 2": obj(
        "networking.k8s.io/v1", "IngressClass", "wkbad",
        spec={"controller": "foo",
              "parameters": {"kind": "X", "name": "b", "scope": "Cluster", "namespace": "x"}}),
    "IngressClass, bad: wkbad 3": obj(
        "networking.k8s.io/v1", "IngressClass", "wkbad",
        spec={"controller": "foo.com/bar",
              "parameters": {"kind": "X", "name": "b", "scope": "Foo"}}),
    "NetworkPolicy, bad: bad": obj(
        "networking.k8s.io/v1", "NetworkPolicy", "bad",
        spec={"podSelector": {"matchLabels": {"a": "b c"}},
              "policyTypes": ["Foo", "Ingress", "Egress"],
              "ingress": [{"from": [{}, {"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}},
                                    {"ipBlock": {"cidr": ""}}, {"ipBlock": {"cidr": "10.0.0.0"}},
                                    {"ipBlock": {"cidr": "10.0.0.0/8",
                                                 "except": ["11.0.0.0/16", "x", "10.0.0.0/8"]}}],
                           "ports": [{"protocol": "X", "port": 0}, {"port": "a b"},
                                     {"port": 10, "endPort": 5}, {"port": "http", "endPort": 90},
                                     {"endPort": 5}, {"port": 70000}]}],
              "egress": [{"to": [{}], "ports": [{"protocol": "ICMP"}]}]}),
    "NetworkPolicy, bad: types": obj(
        "networking.k8s.io/v1", "NetworkPolicy", "types",
        spec={"podSelector": {}, "policyTypes": ["Foo"]}),
    "EndpointSlice, bad: bad": obj(
        "discovery.k8s.io/v1", "EndpointSlice", "bad",
        addressType="IPv5",
        endpoints=[{"addresses": []}],
        ports=[{"name": "A B", "port": 0, "protocol": "X"}]),
    "EndpointSlice, bad: bad2": obj(
        "discovery.k8s.io/v1", "EndpointSlice", "bad2",
        addressType="IPv4",
        endpoints=[{"addresses": ["::1"],
                    "hostname": "A B",
                    "nodeName": "A B",
                    "deprecatedTopology": {"a": "b"}},
                   {"addresses": ["127.0.0.1"]}],
        ports=[{"port": 80}, {"port": 81}]),
    "EndpointSlice, bad: noadr": obj(
        "discovery.k8s.io/v1", "EndpointSlice", "noadr",
        endpoints=[]),
}

_CHANGES = {
    "IngressClass: its controller stays": (
        "IngressClass, good: wkd", {"spec": {"controller": "example.com/d"}}),
    "NetworkPolicy: a change is a generation": (
        "NetworkPolicy, good: d", {"spec": {"policyTypes": ["Egress"]}}),
    "Ingress: a change is a generation": (
        "Ingress, good: d", {"spec": {"ingressClassName": "x"}}),
    "EndpointSlice: a change is a generation": (
        "EndpointSlice, good: d", {"ports": [{"port": 81}]}),
}

CASES = _CREATES | {name: Update(_CREATES[base], change)
                     for name, (base, change) in _CHANGES.items()}
