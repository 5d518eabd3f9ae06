"""PodDisruptionBudget and HorizontalPodAutoscaler."""
from kind_manifests import obj

CASES = {
    "PodDisruptionBudget, good: d": obj(
        "policy/v1", "PodDisruptionBudget", "d",
        spec={"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}),
    "HorizontalPodAutoscaler, good: d": obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", "d",
        spec={"maxReplicas": 3,
              "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}}),
    "HorizontalPodAutoscaler, good: d1": obj(
        "autoscaling/v1", "HorizontalPodAutoscaler", "d1",
        spec={"maxReplicas": 3,
              "targetCPUUtilizationPercentage": 50,
              "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}}),
    "PodDisruptionBudget, bad: both": obj(
        "policy/v1", "PodDisruptionBudget", "both",
        spec={"minAvailable": 1, "maxUnavailable": 1, "selector": {"matchLabels": {"a": "b c"}}}),
    "PodDisruptionBudget, bad: neg": obj(
        "policy/v1", "PodDisruptionBudget", "neg",
        spec={"minAvailable": -1}),
    "PodDisruptionBudget, bad: pct": obj(
        "policy/v1", "PodDisruptionBudget", "pct",
        spec={"maxUnavailable": "200%", "unhealthyPodEvictionPolicy": "X"}),
    "PodDisruptionBudget, bad: str": obj(
        "policy/v1", "PodDisruptionBudget", "str",
        spec={"maxUnavailable": "x"}),
    "PodDisruptionBudget, bad: none": obj(
        "policy/v1", "PodDisruptionBudget", "none",
        spec={}),
    "PodDisruptionBudget, bad: nospec": obj(
        "policy/v1", "PodDisruptionBudget", "nospec"),
    "HorizontalPodAutoscaler, bad: empty": obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", "empty",
        spec={}),
    "HorizontalPodAutoscaler, bad: minmax": obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", "minmax",
        spec={"minReplicas": 5,
              "maxReplicas": 3,
              "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}}),
    "HorizontalPodAutoscaler, bad: zero": obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", "zero",
        spec={"minReplicas": 0,
              "maxReplicas": 0,
              "scaleTargetRef": {"kind": "a/b", "name": "x/y", "apiVersion": "a/b/c"}}),
    "HorizontalPodAutoscaler, bad: metrics": obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", "metrics",
        spec={"maxReplicas": 3,
              "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
              "metrics": [{"type": "X"}, {"type": "Resource"},
                          {"type": "Resource", "resource": {"name": "", "target": {"type": ""}}},
                          {"type": "Resource",
                           "resource": {"name": "cpu",
                                        "target": {"type": "Utilization",
                                                   "averageUtilization": 0}}},
                          {"type": "Pods",
                           "pods": {"metric": {"name": ""},
                                    "target": {"type": "Value", "value": 1}}},
                          {"type": "Object",
                           "object": {"metric": {"name": "a"},
                                      "describedObject": {"kind": "", "name": ""},
                                      "target": {"type": "Value"}}},
                          {"type": "External",
                           "external": {"metric": {"name": "a/b"},
                                        "target": {"type": "AverageValue",
                                                   "averageValue": "-1",
                                                   "value": 1}}},
                          {"type": "ContainerResource",
                           "containerResource": {"name": "cpu",
                                                 "container": "",
                                                 "target": {"type": "AverageValue"}}},
                          {"type": "Resource",
                           "resource": {"name": "cpu",
                                        "target": {"type": "AverageValue",
                                                   "averageValue": 1,
                                                   "averageUtilization": 10}},
                           "pods": {"metric": {"name": "x"},
                                    "target": {"type": "AverageValue", "averageValue": 1}}}]}),
    "HorizontalPodAutoscaler, bad: v1": obj(
        "autoscaling/v1", "HorizontalPodAutoscaler", "v1",
        spec={"minReplicas": 3,
              "maxReplicas": 1,
              "targetCPUUtilizationPercentage": 0,
              "scaleTargetRef": {"kind": "Deployment", "name": "", "apiVersion": "apps/v1"}}),
}
