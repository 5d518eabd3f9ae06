"""Services and what leads to them, configuration, volumes, nodes, leases, events."""
import base64

from kind_manifests import Update, obj

NAMESPACE = "kind-manifests"
PORTS = [{"port": 80}]


def service(**spec) -> dict:
    return obj("v1", "Service", spec=spec)


def secret(**fields) -> dict:
    return obj("v1", "Secret", **fields)


def config(**fields) -> dict:
    return obj("v1", "ConfigMap", **fields)


def namespace(name: str = "kind-manifests-other", **fields) -> dict:
    return obj("v1", "Namespace", name, **fields)


def volume(**spec) -> dict:
    return obj("v1", "PersistentVolume", "kind-manifests", spec=spec)


def claim(**spec) -> dict:
    return obj("v1", "PersistentVolumeClaim", spec=spec)


def endpoints(*subsets: dict) -> dict:
    return obj("v1", "Endpoints", subsets=list(subsets))


def lease(**spec) -> dict:
    return obj("coordination.k8s.io/v1", "Lease", spec=spec)


def endpoint_slice(**fields) -> dict:
    return obj("discovery.k8s.io/v1", "EndpointSlice", **fields)


def event(**fields) -> dict:
    return obj("v1", "Event", **fields)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SIZE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
DISK = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
HOST = {**DISK, "hostPath": {"path": "/x"}}

_SERVICES = {
    "minimal": service(ports=PORTS),
    "headless": service(clusterIP="None", ports=PORTS),
    "headless with selector": service(clusterIP="None", ports=PORTS, selector={"a": "b"}),
    "without ports": service(),
    "headless without ports": service(clusterIP="None"),
    "node ports": service(type="NodePort", ports=[
        {"port": 80, "name": "a"}, {"port": 81, "name": "b", "nodePort": 30999, "protocol": "UDP"}]),
    "load balancer": service(type="LoadBalancer", ports=PORTS, selector={"a": "b"}),
    "load balancer to local endpoints": service(type="LoadBalancer", ports=PORTS,
                                                externalTrafficPolicy="Local"),
    "load balancer without node ports": service(type="LoadBalancer", ports=PORTS,
                                                allocateLoadBalancerNodePorts=False),
    "external name": service(type="ExternalName", externalName="a.b"),
    "external name, none": service(type="ExternalName", ports=PORTS),
    "external name with address": service(type="ExternalName", externalName="a.b",
                                          clusterIP="10.0.0.9"),
    "sticky": service(ports=PORTS, sessionAffinity="ClientIP"),
    "sticky for no time": service(ports=PORTS, sessionAffinity="ClientIP",
                                  sessionAffinityConfig={"clientIP": {"timeoutSeconds": 0}}),
    "not sticky": service(ports=PORTS, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 5}}),
    "policies": service(ports=PORTS, sessionAffinity="X", internalTrafficPolicy="X"),
    "ports": service(ports=[
        {"port": 0}, {"port": 82, "protocol": "X"}, {"port": 83, "name": "A"},
        {"port": 84, "name": "b", "targetPort": "Bad!"}, {"port": 81, "name": "b", "targetPort": 0},
        {"port": 70000, "name": "c"}]),
    "node port of a cluster address": service(ports=[{"port": 80, "nodePort": 30001}]),
    "node port twice": service(type="NodePort", ports=[
        {"port": 80, "nodePort": 30888, "name": "a"}, {"port": 81, "nodePort": 30888, "name": "b"}]),
    "node port for two protocols": service(type="NodePort", ports=[
        {"port": 80, "nodePort": 30888, "name": "a"},
        {"port": 80, "nodePort": 30888, "name": "b", "protocol": "UDP"}]),
    "type": service(type="X", ports=PORTS),
    "no address": service(clusterIP="x", ports=PORTS),
    "two families preferred": service(ports=PORTS, ipFamilyPolicy="PreferDualStack"),
    "two families required": service(ports=PORTS, ipFamilyPolicy="RequireDualStack"),
    "another family": service(ports=PORTS, ipFamilies=["IPv6"]),
    "no families": service(ports=PORTS, ipFamilyPolicy="X", ipFamilies=["X", "Y"]),
    "selector": service(ports=PORTS, selector={"a b": "c d"}),
    "external addresses": service(ports=PORTS, externalIPs=["x", "127.0.0.1"],
                                  externalTrafficPolicy="Local"),
    "external traffic": service(type="NodePort", ports=PORTS, externalTrafficPolicy="X"),
    "fields of a load balancer": service(
        ports=PORTS, loadBalancerSourceRanges=["x"], loadBalancerClass="a/b",
        allocateLoadBalancerNodePorts=True),
    "distribution": service(ports=PORTS, trafficDistribution="X"),
    "protocol of an application": service(ports=[{"port": 80, "appProtocol": "a b"}]),
    "addresses alone": service(ports=PORTS, clusterIPs=["10.0.0.77"]),
    "addresses that differ": service(ports=PORTS, clusterIP="10.0.0.77", clusterIPs=["10.0.0.78"]),
    "name": obj("v1", "Service", "1a", spec={"ports": PORTS}),
    "update: the address": Update(service(ports=PORTS), {
        "spec": {"clusterIP": "10.0.0.99", "clusterIPs": ["10.0.0.99"]}}),
    "update: the first address": Update(service(ports=PORTS), {"spec": {"clusterIP": "10.0.0.99"}}),
    "update: no address": Update(service(ports=PORTS), {
        "spec": {"clusterIP": None, "clusterIPs": None}}),
    "update: to node port": Update(service(ports=PORTS), {"spec": {"type": "NodePort"}}),
    "update: to external name": Update(service(ports=PORTS), {
        "spec": {"type": "ExternalName", "externalName": "x.y"}}),
    "update: from node port": Update(service(type="NodePort", ports=PORTS),
                                     {"spec": {"type": "ClusterIP"}}),
    "update: node port stays": Update(service(type="NodePort", ports=PORTS),
                                      {"spec": {"ports": [{"port": 80}]}}),
    "update: from load balancer": Update(service(type="LoadBalancer", ports=PORTS),
                                         {"spec": {"type": "ClusterIP"}}),
    "update: from external name": Update(service(type="ExternalName", externalName="a.b"), {
        "spec": {"type": "ClusterIP", "externalName": None, "ports": PORTS}}),
    "update: to headless": Update(service(ports=PORTS), {
        "spec": {"clusterIP": "None", "clusterIPs": ["None"]}}),
    "update: no ports": Update(service(ports=PORTS), {"spec": {"ports": None}}),
    "update: no selector": Update(service(ports=PORTS, selector={"a": "b"}),
                                  {"spec": {"selector": None}}),
}

_CONFIGURATION = {
    "secret": secret(),
    "secret: plain text": secret(stringData={"a": "b"}, data={"a": encoded("x"), "c": encoded("d")}),
    "secret: keys": secret(data={"a b": encoded("x"), "..": "", "..x": encoded("x")}),
    "secret: no base64": secret(data={"a": "!!"}),
    "secret: too big": secret(stringData={"a": "x" * 1048577}),
    "secret: registry": secret(type="kubernetes.io/dockerconfigjson"),
    "secret: registry, no JSON": secret(type="kubernetes.io/dockerconfigjson",
                                        stringData={".dockerconfigjson": "x"}),
    "secret: registry of old": secret(type="kubernetes.io/dockercfg"),
    "secret: TLS": secret(type="kubernetes.io/tls"),
    "secret: TLS without key": secret(type="kubernetes.io/tls", stringData={"tls.crt": "x"}),
    "secret: password": secret(type="kubernetes.io/basic-auth"),
    "secret: password alone": secret(type="kubernetes.io/basic-auth", stringData={"password": "x"}),
    "secret: ssh": secret(type="kubernetes.io/ssh-auth"),
    "secret: empty ssh key": secret(type="kubernetes.io/ssh-auth",
                                    stringData={"ssh-privatekey": ""}),
    "secret: account": secret(type="kubernetes.io/service-account-token"),
    "secret: update of type": Update(secret(), {"type": "x/y"}),
    "secret: update of immutable": Update(
        secret(immutable=True, stringData={"a": "b"}),
        {"stringData": {"a": "c"}, "immutable": False}),
    "secret: label of immutable": Update(secret(immutable=True),
                                         {"metadata": {"labels": {"a": "b"}}}),
    "secret: update of plain text": Update(secret(stringData={"a": "b"}),
                                           {"stringData": {"c": "d"}}),
    "config map": config(),
    "config map: keys": config(data={"a b": "x", "": "y"}),
    "config map: no base64": config(binaryData={"d": "!"}),
    "config map: key twice": config(data={"a": "x"}, binaryData={"a": encoded("x"),
                                                                 "b/c": encoded("y")}),
    "config map: too big": config(data={"a": "x" * 1048577}),
    "config map: immutable": config(immutable=True, data={"a": ""}),
    "config map: update of immutable": Update(
        config(immutable=True, data={"a": "b"}),
        {"data": {"a": "c"}, "binaryData": {"x": encoded("y")}}),
    "config map: no longer immutable": Update(config(immutable=True, data={"a": "b"}),
                                              {"immutable": None}),
    "account": obj("v1", "ServiceAccount"),
    "account: references": obj("v1", "ServiceAccount", secrets=[{}], imagePullSecrets=[{"name": ""}]),
}

_CLUSTER = {
    "namespace": namespace(),
    "namespace: name": namespace("A_"),
    "namespace: long name": namespace("x" * 64),
    "namespace: finalizers": namespace(spec={"finalizers": ["kubernetes", "a.b/c", "bad"]}),
    "node: taints": obj("v1", "Node", "kind-manifests", spec={
        "podCIDR": "x", "taints": [{"key": "a", "effect": "X"}, {"key": "b", "effect": "NoSchedule"},
                                   {"key": "c", "effect": "NoSchedule", "value": "x y"},
                                   {"key": "", "effect": ""}, {"key": "a b", "effect": "NoExecute"}]}),
    "node: update of provider": Update(
        obj("v1", "Node", "kind-manifests", spec={"providerID": "x"}),
        {"spec": {"providerID": "y"}}),
    "node: update of addresses": Update(
        obj("v1", "Node", "kind-manifests", spec={"podCIDR": "10.1.0.0/24"}),
        {"spec": {"podCIDR": "10.2.0.0/24", "podCIDRs": ["10.2.0.0/24"]}}),
    "lease": lease(),
    "lease: held": lease(holderIdentity="x", leaseDurationSeconds=5,
                         renewTime="2026-01-01T00:00:00.000000Z"),
    "lease: numbers": lease(leaseDurationSeconds=0, leaseTransitions=-1, holderIdentity=""),
    "event": event(involvedObject={"kind": "Pod", "namespace": NAMESPACE, "name": "p"}, reason="R",
                   message="m", type="Normal", count=1, firstTimestamp="2026-01-01T00:00:00Z"),
    "event: of another namespace": event(involvedObject={"kind": "Pod", "namespace": "other"}),
    "event: of a node": event(involvedObject={"kind": "Node", "name": "x"}),
}

_VOLUMES = {
    "volume": volume(**HOST),
    "volume: empty": volume(),
    "volume: fields": volume(accessModes=["X"], capacity={"cpu": "1", "storage": "0"},
                             hostPath={"path": ""}, persistentVolumeReclaimPolicy="X",
                             volumeMode="X", storageClassName="A_"),
    "volume: two sources": volume(**HOST, nfs={"server": "a", "path": "/x"}),
    "volume: no source": volume(**DISK),
    "volume: local": volume(**DISK, local={"path": "/x"}),
    "volume: one pod's and all's": volume(**{**HOST, "accessModes": ["ReadWriteOncePod",
                                                                     "ReadWriteMany"]}),
    "volume: recycle the root": volume(**{**HOST, "hostPath": {"path": "/"}},
                                       persistentVolumeReclaimPolicy="Recycle"),
    "volume: no terms": volume(**HOST, nodeAffinity={"required": {"nodeSelectorTerms": []}}),
    "volume: no constraints": volume(**HOST, nodeAffinity={}),
    "volume: driver": volume(**DISK, csi={"driver": "", "volumeHandle": ""}),
    "volume: update of source": Update(volume(**HOST), {"spec": {"hostPath": {"path": "/y"}}}),
    "volume: update of mode": Update(volume(**HOST), {"spec": {"volumeMode": "Block"}}),
    "claim": claim(**SIZE),
    "claim: empty": claim(),
    "claim: fields": claim(accessModes=["X"], resources={"requests": {"storage": "-1"}},
                           storageClassName="A_", volumeMode="X",
                           selector={"matchExpressions": [{"key": "a", "operator": "X"}]}),
    "claim: no size": claim(accessModes=["ReadWriteOnce", "ReadWriteOncePod"]),
    "claim: no class": claim(**SIZE, storageClassName=""),
    "claim: of a claim": claim(**SIZE, dataSource={"kind": "PersistentVolumeClaim", "name": "x"}),
    "claim: of something else": claim(**SIZE, dataSource={"kind": "Foo", "name": "x"}),
    "claim: update of modes": Update(claim(**SIZE), {"spec": {"accessModes": ["ReadWriteMany"]}}),
    "claim: update of size": Update(claim(**SIZE), {
        "spec": {"resources": {"requests": {"storage": "2Gi"}}}}),
    "claim: update of class": Update(claim(**SIZE, storageClassName="a"),
                                     {"spec": {"storageClassName": "b"}}),
}

_ENDPOINTS = {
    "endpoints": endpoints(),
    "endpoints: defaults": endpoints({"addresses": [{"ip": "1.2.3.4"}], "ports": [{"port": 80}]}),
    "endpoints: fields": endpoints(
        {}, {"addresses": [{"ip": "x"}, {"ip": "127.0.0.1"}, {"ip": "169.254.1.1"}],
             "ports": [{"port": 0}, {"port": 1, "protocol": "X", "name": "A"}]},
        {"notReadyAddresses": [{"ip": "1.2.3.4", "hostname": "A", "nodeName": "_"}],
         "ports": [{"port": 1}, {"port": 2}]}),
    "slice: empty": endpoint_slice(),
    "slice: no endpoints": endpoint_slice(addressType="IPv4"),
    "slice": endpoint_slice(addressType="IPv4", endpoints=[{"addresses": ["1.2.3.4"]}], ports=[
        {"name": "a", "port": 80, "protocol": "UDP"}, {"name": "b"}]),
    "slice: fields": endpoint_slice(addressType="X", endpoints=[{"addresses": []}], ports=[
        {"port": 0, "protocol": "X", "name": "A"}, {"name": "A"}]),
    "slice: addresses": endpoint_slice(addressType="IPv4", endpoints=[
        {"addresses": ["x", "::1"], "hostname": "A", "nodeName": "_"},
        {"addresses": ["127.0.0.1"]}, {"addresses": []}], ports=[{"port": 7}, {"port": 1}]),
    "slice: update of type": Update(endpoint_slice(addressType="IPv4", endpoints=[]),
                                    {"addressType": "IPv6"}),
}

CASES = {f"service: {name}": case for name, case in _SERVICES.items()} | (
    _CONFIGURATION | _CLUSTER | _VOLUMES | _ENDPOINTS)
