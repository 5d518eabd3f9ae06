"""Kinds of apps."""
from kind_manifests import obj

CASES = {
    "Deployment, good: d": obj(
        "apps/v1", "Deployment", "d",
        spec={"selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "ReplicaSet, good: d": obj(
        "apps/v1", "ReplicaSet", "d",
        spec={"selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "DaemonSet, good: d": obj(
        "apps/v1", "DaemonSet", "d",
        spec={"selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "StatefulSet, good: d": obj(
        "apps/v1", "StatefulSet", "d",
        spec={"selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}},
              "volumeClaimTemplates": [{"metadata": {"name": "v"},
                                        "spec": {"accessModes": ["ReadWriteOnce"],
                                                 "resources": {"requests": {"storage": "1Gi"}}}}]}),
    "ControllerRevision, good: d": obj(
        "apps/v1", "ControllerRevision", "d",
        data={"a": 1},
        revision=1),
    "Deployment, bad: empty": obj(
        "apps/v1", "Deployment", "empty",
        spec={}),
    "Deployment, bad: nospec": obj(
        "apps/v1", "Deployment", "nospec"),
    "Deployment, bad: labels": obj(
        "apps/v1", "Deployment", "labels",
        spec={"replicas": -1,
              "minReadySeconds": -1,
              "revisionHistoryLimit": -2,
              "progressDeadlineSeconds": -3,
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: emptysel": obj(
        "apps/v1", "Deployment", "emptysel",
        spec={"selector": {},
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"restartPolicy": "Never",
                                    "activeDeadlineSeconds": 3,
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: strategy": obj(
        "apps/v1", "Deployment", "strategy",
        spec={"strategy": {"type": "Rolling"},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: recreate": obj(
        "apps/v1", "Deployment", "recreate",
        spec={"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: zero": obj(
        "apps/v1", "Deployment", "zero",
        spec={"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: zeropct": obj(
        "apps/v1", "Deployment", "zeropct",
        spec={"strategy": {"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": "0%"}},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: pct": obj(
        "apps/v1", "Deployment", "pct",
        spec={"strategy": {"rollingUpdate": {"maxSurge": "30", "maxUnavailable": "150%"}},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: deadline": obj(
        "apps/v1", "Deployment", "deadline",
        spec={"minReadySeconds": 700,
              "selector": {"matchExpressions": [{"key": "a", "operator": "Bad"}]},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Deployment, bad: nocontainers": obj(
        "apps/v1", "Deployment", "nocontainers",
        spec={"selector": {"matchLabels": {"a b": "c d"}},
              "template": {"metadata": {"labels": {"a b": "c d"}}, "spec": {"containers": []}}}),
    "ReplicaSet, bad: empty": obj(
        "apps/v1", "ReplicaSet", "empty",
        spec={"replicas": -1, "minReadySeconds": -1}),
    "ReplicaSet, bad: labels": obj(
        "apps/v1", "ReplicaSet", "labels",
        spec={"selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"restartPolicy": "OnFailure",
                                    "activeDeadlineSeconds": 5,
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "DaemonSet, bad: empty": obj(
        "apps/v1", "DaemonSet", "empty",
        spec={}),
    "DaemonSet, bad: bad": obj(
        "apps/v1", "DaemonSet", "bad",
        spec={"revisionHistoryLimit": -1,
              "minReadySeconds": -1,
              "updateStrategy": {"type": "X"},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"restartPolicy": "Never",
                                    "activeDeadlineSeconds": 5,
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "DaemonSet, bad: surge": obj(
        "apps/v1", "DaemonSet", "surge",
        spec={"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "DaemonSet, bad: surge2": obj(
        "apps/v1", "DaemonSet", "surge2",
        spec={"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2, "maxSurge": "10%"}},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "StatefulSet, bad: empty": obj(
        "apps/v1", "StatefulSet", "empty",
        spec={}),
    "StatefulSet, bad: bad": obj(
        "apps/v1", "StatefulSet", "bad",
        spec={"replicas": -1,
              "podManagementPolicy": "X",
              "serviceName": "A B",
              "ordinals": {"start": -1},
              "minReadySeconds": -1,
              "revisionHistoryLimit": -1,
              "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "X", "whenScaled": "Y"},
              "updateStrategy": {"type": "RollingUpdate",
                                 "rollingUpdate": {"partition": -1, "maxUnavailable": 0}},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"restartPolicy": "Never",
                                    "activeDeadlineSeconds": 5,
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "StatefulSet, bad: ondelete": obj(
        "apps/v1", "StatefulSet", "ondelete",
        spec={"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}},
              "selector": {},
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "StatefulSet, bad: strategy": obj(
        "apps/v1", "StatefulSet", "strategy",
        spec={"updateStrategy": {"type": "Foo"},
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}},
              "volumeClaimTemplates": [{"metadata": {}, "spec": {}}]}),
    "ControllerRevision, bad: nodata": obj(
        "apps/v1", "ControllerRevision", "nodata",
        revision=-1),
    "Deployment, bad: Bad_Name": obj(
        "apps/v1", "Deployment", "Bad_Name",
        spec={"selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "StatefulSet, bad: aaa.bbb": obj(
        "apps/v1", "StatefulSet", "aaa.bbb",
        spec={"selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "b"}},
                           "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
}
