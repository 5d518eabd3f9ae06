"""Kinds of storage.k8s.io."""
from kind_manifests import Update, obj

_CREATES = {
    "StorageClass, good: wkd": obj(
        "storage.k8s.io/v1", "StorageClass", "wkd",
        provisioner="example.com/p"),
    "CSIDriver, good: wkd.example.com": obj(
        "storage.k8s.io/v1", "CSIDriver", "wkd.example.com",
        spec={}),
    "CSINode, good: wkd": obj(
        "storage.k8s.io/v1", "CSINode", "wkd",
        spec={"drivers": [{"name": "d.example.com", "nodeID": "x", "topologyKeys": ["a"]}]}),
    "VolumeAttachment, good: wkd": obj(
        "storage.k8s.io/v1", "VolumeAttachment", "wkd",
        spec={"attacher": "d.example.com",
              "nodeName": "n",
              "source": {"persistentVolumeName": "pv"}}),
    "CSIStorageCapacity, good: d": obj(
        "storage.k8s.io/v1", "CSIStorageCapacity", "d",
        storageClassName="sc",
        capacity="1Gi"),
    "StorageClass, bad: wkbad 2": obj(
        "storage.k8s.io/v1", "StorageClass", "wkbad"),
    "StorageClass, bad: wkbad 3": obj(
        "storage.k8s.io/v1", "StorageClass", "wkbad",
        provisioner="A B"),
    "CSIDriver, bad: A.b": obj(
        "storage.k8s.io/v1", "CSIDriver", "A.b",
        spec={"fsGroupPolicy": "X",
              "volumeLifecycleModes": ["Foo"],
              "tokenRequests": [{"audience": "a", "expirationSeconds": 1}, {"audience": "a"}]}),
    "CSINode, bad: wkbad": obj(
        "storage.k8s.io/v1", "CSINode", "wkbad",
        spec={"drivers": [{"name": "", "nodeID": ""},
                          {"name": "a",
                           "nodeID": "x",
                           "topologyKeys": ["", "a b", "c", "c"],
                           "allocatable": {"count": -1}},
                          {"name": "a", "nodeID": "y"}]}),
    "VolumeAttachment, bad: wkbad": obj(
        "storage.k8s.io/v1", "VolumeAttachment", "wkbad",
        spec={"attacher": "", "nodeName": "", "source": {}}),
    "CSIStorageCapacity, bad: bad": obj(
        "storage.k8s.io/v1", "CSIStorageCapacity", "bad",
        storageClassName="",
        capacity="-1Gi",
        maximumVolumeSize=-2,
        nodeTopology={"matchLabels": {"a b": "c"}}),
}

_CHANGES = {
    "StorageClass: hardly anything changes": (
        "StorageClass, good: wkd", {"provisioner": "example.com/q",
             "reclaimPolicy": "Retain",
             "volumeBindingMode": "WaitForFirstConsumer",
             "parameters": {"a": "b"}}),
    "CSIDriver: how it attaches stays": (
        "CSIDriver, good: wkd.example.com",
        {"spec": {"attachRequired": False, "volumeLifecycleModes": ["Ephemeral"]}}),
    "CSINode: a driver stays what it is": (
        "CSINode, good: wkd", {"spec": {"drivers": [{"name": "d.example.com",
                                   "nodeID": "y",
                                   "topologyKeys": ["a"]}]}}),
    "VolumeAttachment: it stays": (
        "VolumeAttachment, good: wkd", {"spec": {"nodeName": "m"}}),
    "CSIStorageCapacity: its class stays": (
        "CSIStorageCapacity, good: d", {"storageClassName": "other", "capacity": "2Gi"}),
}

CASES = _CREATES | {name: Update(_CREATES[base], change)
                     for name, (base, change) in _CHANGES.items()}
