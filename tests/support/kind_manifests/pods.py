"""Pods: their defaults, and the mistakes that people make."""
from kind_manifests import Update, obj

DIGEST = "a@sha256:" + "a" * 64


def pod(*containers: dict, **spec) -> dict:
    return obj("v1", "Pod", spec={"containers": list(containers) or [main()], **spec})


def main(**fields) -> dict:
    return {"name": "main", "image": "busybox:1", **fields}


def env(**source) -> dict:
    return {"name": "A", "valueFrom": source}


EXEC = {"exec": {"command": ["true"]}}

_PODS = {
    "minimal": pod(),
    "image tags": pod(main(), main(name="b", image="x"), main(name="c", image="x:latest"),
                      main(name="d", image=DIGEST), main(name="e", image="r:5000/x"),
                      main(name="f", image="r:5000/x:1")),
    "everything has defaults": pod(
        main(ports=[{"containerPort": 80}, {"containerPort": 81, "protocol": "UDP", "name": "dns"}],
             env=[{"name": "A", "value": ""}, env(fieldRef={"fieldPath": "metadata.name"}),
                  env(resourceFieldRef={"resource": "limits.cpu"})],
             livenessProbe={"httpGet": {"port": 80}}, readinessProbe={"grpc": {"port": 1}},
             startupProbe={"tcpSocket": {"port": "dns"}, "periodSeconds": 0},
             lifecycle={"preStop": {"httpGet": {"port": 80}}},
             volumeMounts=[{"name": "none", "mountPath": "/x", "readOnly": False, "subPath": ""}]),
        initContainers=[main(name="init"), main(name="side", restartPolicy="Always")],
        volumes=[{"name": "none"}, {"name": "s", "secret": {"secretName": "s"}},
                 {"name": "c", "configMap": {"name": "c"}}, {"name": "h", "hostPath": {"path": "/"}},
                 {"name": "d", "downwardAPI": {"items": [
                     {"path": "x", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                 {"name": "p", "projected": {"sources": [
                     {"serviceAccountToken": {"path": "t"}}, {"downwardAPI": {"items": [
                         {"path": "x", "fieldRef": {"fieldPath": "metadata.uid"}}]}}]}},
                 {"name": "e", "ephemeral": {"volumeClaimTemplate": {"spec": {
                     "accessModes": ["ReadWriteOnce"],
                     "resources": {"requests": {"storage": "1Gi"}}}}}}],
        terminationGracePeriodSeconds=0, hostNetwork=False, nodeSelector={}),
    "host network": pod(main(ports=[{"containerPort": 80}]), hostNetwork=True),
    "quantities are rewritten": pod(main(resources={
        "limits": {"cpu": 0.5, "memory": "1024Mi", "ephemeral-storage": "1e3"},
        "requests": {"cpu": "0.25"}})),
    "guaranteed": pod(main(resources={"limits": {"cpu": "1", "memory": "1Gi"}})),
    "burstable by an init container": pod(initContainers=[
        main(name="i", resources={"requests": {"cpu": "1"}})]),
    "no token": pod(automountServiceAccountToken=False),
    "system priority": pod(priorityClassName="system-node-critical"),
    "unknown priority class": pod(priorityClassName="nope"),
    "a priority of its own": pod(priority=5),
    "another preemption policy": pod(preemptionPolicy="Never"),
    "own tolerations": pod(tolerations=[{"operator": "Exists"}]),
    "own toleration of absent nodes": pod(tolerations=[
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]),
    "scheduling gates": pod(schedulingGates=[{"name": "a.b/c"}]),
    "unknown service account": pod(serviceAccountName="nope"),
    "deprecated service account": pod(serviceAccount="default"),
    "generated name": obj("v1", "Pod", None, metadata={"generateName": "generated-"},
                          spec={"containers": [main()]}),

    "no containers": pod() | {"spec": {"containers": []}},
    "no spec": obj("v1", "Pod"),
    "no image, no name": pod({"name": "a"}, {"image": "i"}),
    "names of containers": pod(main(name="A"), main(name="b"), main(name="b"),
                               main(name="x" * 64)),
    "spaces around an image": pod(main(image=" x ")),
    "policies": pod(main(imagePullPolicy="Sometimes", terminationMessagePolicy="x"),
                    restartPolicy="Maybe", dnsPolicy="None"),
    "not a quantity": pod(main(resources={"limits": {"memory": "1 GB"}})),
    "not a quantity's suffix": pod(main(resources={"limits": {"memory": "1GiB"}})),
    "resources": pod(main(resources={
        "limits": {"cpu": "1", "foo": "1", "example.com/gpu": "1.5", "memory": "-1"},
        "requests": {"cpu": "2", "example.com/gpu": "1", "memory": "1m", "a b/c": "1"}})),
    "more than the limit": pod(main(resources={"limits": {"cpu": "1"},
                                               "requests": {"cpu": "1500m"}})),
    "ports": pod(main(ports=[
        {"containerPort": 0}, {"containerPort": 70000},
        {"containerPort": 80, "protocol": "X", "hostPort": 99999, "name": "b"},
        {"containerPort": 81, "name": "b"}, {"containerPort": 82, "name": "x--"},
        {"containerPort": 83, "name": "Toolongnameforaport1"}])),
    "another port of the host": pod(main(ports=[{"containerPort": 80, "hostPort": 81}]),
                                    hostNetwork=True),
    "names of variables": pod(main(env=[{"name": ""}, {"name": "a=b"}, {"name": "1", "value": "x"}])),
    "sources of variables": pod(main(env=[
        env(), env(fieldRef={"fieldPath": "spec.foo"}), env(fieldRef={"fieldPath": ""}),
        env(fieldRef={"fieldPath": "spec.restartPolicy"}),
        env(fieldRef={"fieldPath": "metadata.labels['-']"}),
        env(fieldRef={"fieldPath": "metadata.name"}, secretKeyRef={"name": "a", "key": "b"}),
        env(configMapKeyRef={"name": "", "key": ""}), env(secretKeyRef={"name": "A_", "key": "/"}),
        env(resourceFieldRef={"resource": "x"}),
        {"value": "x", **env(fieldRef={"fieldPath": "metadata.name"})}])),
    "whole sources of variables": pod(main(envFrom=[
        {}, {"configMapRef": {"name": ""}}, {"prefix": "a=", "secretRef": {"name": "A"}},
        {"configMapRef": {"name": "a"}, "secretRef": {"name": "b"}}])),
    "mounts": pod(main(volumeMounts=[
        {"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/a"},
        {"name": "gone", "mountPath": "/b"}, {"name": "", "mountPath": ""},
        {"name": "v", "mountPath": "/c", "subPath": "../x"},
        {"name": "v", "mountPath": "/d", "subPath": "/x", "subPathExpr": "y"},
        {"name": "v", "mountPath": "/e", "mountPropagation": "X"},
        {"name": "v", "mountPath": "/f", "mountPropagation": "Bidirectional"}]),
        volumes=[{"name": "v"}]),
    "volumes": pod(volumes=[
        {"name": "X"}, {"name": ""}, {"name": "a", "emptyDir": {}, "hostPath": {"path": "/"}},
        {"name": "b"}, {"name": "b"}, {"name": "c", "secret": {}}, {"name": "d", "configMap": {}},
        {"name": "e", "hostPath": {"path": "/../x", "type": "Foo"}}, {"name": "f", "nfs": {}},
        {"name": "g", "persistentVolumeClaim": {}}, {"name": "h", "emptyDir": {"sizeLimit": "-1"}},
        {"name": "i", "csi": {}}, {"name": "j", "ephemeral": {}},
        {"name": "k", "secret": {"secretName": "s", "defaultMode": 1000, "items": [
            {"key": "", "path": "/x"}, {"key": "k", "path": "p", "mode": 9999}]}},
        {"name": "l", "projected": {"sources": [{"configMap": {}}, {
            "serviceAccountToken": {"path": "", "expirationSeconds": 5}}]}},
        {"name": "m", "downwardAPI": {"items": [
            {"path": "../x", "fieldRef": {"fieldPath": "spec.x"}}, {"path": "y"}]}}]),
    "probes": pod(main(
        livenessProbe={"exec": {"command": []}, "successThreshold": 2, "periodSeconds": -1,
                       "initialDelaySeconds": -1},
        readinessProbe={}, startupProbe={**EXEC, "tcpSocket": {"port": 1}, "successThreshold": 3},
        lifecycle={"preStop": {}, "postStart": {"exec": {}}})),
    "probes by HTTP": pod(main(
        livenessProbe={"httpGet": {"port": "Bad", "scheme": "ftp",
                                   "httpHeaders": [{"name": "a b", "value": "x"}]}},
        readinessProbe={"grpc": {"port": 0}, "terminationGracePeriodSeconds": 3})),
    "init containers": pod(initContainers=[
        main(), main(name="b", readinessProbe=EXEC), main(name="c", image="")]),
    "ephemeral containers": pod(ephemeralContainers=[main(name="e")]),
    "security": pod(main(securityContext={"runAsUser": -1, "procMount": "x",
                                          "seccompProfile": {"type": "Localhost"}}),
                    securityContext={"runAsUser": -1, "fsGroup": -1, "supplementalGroups": [-1],
                                     "fsGroupChangePolicy": "X", "seccompProfile": {"type": "X"},
                                     "sysctls": [{"name": "", "value": "x"},
                                                 {"name": "A B", "value": "x"}]}),
    "shared processes of the host": pod(hostPID=True, shareProcessNamespace=True),
    "names": pod(nodeName="A_", nodeSelector={"a b": "x", "c": "y z"}, hostname="A.b",
                 subdomain="_", activeDeadlineSeconds=0,
                 schedulerName="X!", terminationGracePeriodSeconds=-1,
                 imagePullSecrets=[{}], readinessGates=[{"conditionType": "a b"}],
                 hostAliases=[{"ip": "x", "hostnames": ["A!"]}], os={"name": "bsd"},
                 dnsConfig={"nameservers": ["x"], "searches": ["A_!"], "options": [{"name": ""}]}),
    "tolerations": pod(tolerations=[
        {"operator": "X", "key": "a"}, {"operator": "Equal", "value": "a b", "key": "k"},
        {"operator": "Exists", "tolerationSeconds": 3, "effect": "NoSchedule", "key": "j"},
        {"operator": "Equal"}, {"key": "a b"}, {"operator": "Exists", "value": "x", "key": "k"},
        {"key": "k", "effect": "Bad"}]),
    "node affinity": pod(affinity={"nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []},
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "preference": {
            "matchExpressions": [{"key": "a b", "operator": "In"},
                                 {"key": "c", "operator": "Exists", "values": ["x"]},
                                 {"key": "c", "operator": "Gt", "values": ["x", "y"]},
                                 {"key": "c", "operator": "Foo"}],
            "matchFields": [{"key": "metadata.foo", "operator": "In", "values": ["x", "y"]}]}}]}}),
    "pod affinity": pod(affinity={
        "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{
            "topologyKey": "", "namespaces": ["A"], "labelSelector": {
                "matchLabels": {"a b": "c d"},
                "matchExpressions": [{"key": "a", "operator": "Foo"},
                                     {"key": "b", "operator": "In"},
                                     {"key": "b", "operator": "Exists", "values": ["s"]}]}}]},
        "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 101, "podAffinityTerm": {"topologyKey": "a b"}}]}}),
    "topology spread": pod(topologySpreadConstraints=[
        {"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "x"},
        {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 0},
        {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule",
         "labelSelector": {"matchLabels": {"a b": "c"}}},
        {"maxSkew": 1, "topologyKey": "b", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2,
         "nodeAffinityPolicy": "x", "nodeTaintsPolicy": "x"}]),
    "gates": pod(schedulingGates=[{"name": "a b"}, {"name": "a.b/c"}, {"name": "a.b/c"}]),
    "metadata": obj("v1", "Pod", "A_b", metadata={"labels": {"a b": "c d"},
                                                  "annotations": {"x/y/z": ""}},
                    spec={"containers": [main()]}),
    "no name": obj("v1", "Pod", None, spec={"containers": [main()]}),
}

_GATED = pod(schedulingGates=[{"name": "a.b/c"}], activeDeadlineSeconds=100)

_UPDATES = {
    "a label": Update(_GATED, {"metadata": {"labels": {"a": "b"}}}),
    "an image": Update(_GATED, {"spec": {"containers": [main(image="busybox:2")]}}),
    "no image": Update(_GATED, {"spec": {"containers": [main(image="")]}}),
    "another container": Update(_GATED, {"spec": {"containers": [main(), main(name="b")]}}),
    "a shorter deadline": Update(_GATED, {"spec": {"activeDeadlineSeconds": 50}}),
    "a longer deadline": Update(_GATED, {"spec": {"activeDeadlineSeconds": 500}}),
    "the gate goes": Update(_GATED, {"spec": {"schedulingGates": None}}),
    "a new gate": Update(_GATED, {"spec": {"schedulingGates": [{"name": "a.b/c"},
                                                              {"name": "d.e/f"}]}}),
    "the name": Update(_GATED, {"metadata": {"name": "other"}}),
}

CASES = _PODS | {f"update: {name}": case for name, case in _UPDATES.items()}
