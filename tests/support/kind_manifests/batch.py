"""Job and CronJob."""
from kind_manifests import Update, obj

_CREATES = {
    "Job, good: d": obj(
        "batch/v1", "Job", "d",
        spec={"template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, good: indexed": obj(
        "batch/v1", "Job", "indexed",
        spec={"completionMode": "Indexed",
              "completions": 3,
              "parallelism": 2,
              "backoffLimitPerIndex": 1,
              "podFailurePolicy": {"rules": [{"action": "Ignore",
                                              "onPodConditions": [{"type": "DisruptionTarget"}]},
                                             {"action": "FailJob",
                                              "onExitCodes": {"containerName": "c",
                                                              "operator": "In",
                                                              "values": [1, 2]}}]},
              "successPolicy": {"rules": [{"succeededCount": 1}]},
              "template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "CronJob, good: d": obj(
        "batch/v1", "CronJob", "d",
        spec={"schedule": "*/5 * * * *",
              "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                                                             "containers": [{"name": "c",
                                                                             "image": "x"}]}}}}}),
    "Job, bad: empty": obj(
        "batch/v1", "Job", "empty",
        spec={}),
    "Job, bad: always": obj(
        "batch/v1", "Job", "always",
        spec={"template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: neg": obj(
        "batch/v1", "Job", "neg",
        spec={"parallelism": -1,
              "completions": -1,
              "activeDeadlineSeconds": -1,
              "backoffLimit": -1,
              "ttlSecondsAfterFinished": -1,
              "managedBy": "not valid",
              "template": {"spec": {"restartPolicy": "Always",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: mode": obj(
        "batch/v1", "Job", "mode",
        spec={"completionMode": "X",
              "podReplacementPolicy": "Y",
              "template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: indexed": obj(
        "batch/v1", "Job", "indexed",
        spec={"completionMode": "Indexed",
              "template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: indexed2": obj(
        "batch/v1", "Job", "indexed2",
        spec={"completionMode": "Indexed",
              "completions": 200000,
              "parallelism": 200000,
              "maxFailedIndexes": 300000,
              "template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: nonindexed": obj(
        "batch/v1", "Job", "nonindexed",
        spec={"backoffLimitPerIndex": 1,
              "maxFailedIndexes": 2,
              "successPolicy": {"rules": [{"succeededCount": 1}]},
              "template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: manual": obj(
        "batch/v1", "Job", "manual",
        spec={"manualSelector": True,
              "selector": {"matchLabels": {"a": "b"}},
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: manual2": obj(
        "batch/v1", "Job", "manual2",
        spec={"manualSelector": True,
              "template": {"metadata": {"labels": {"a": "c"}},
                           "spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: policy": obj(
        "batch/v1", "Job", "policy",
        spec={"podFailurePolicy": {"rules": [{"action": "X",
                                              "onExitCodes": {"containerName": "zz",
                                                              "operator": "Y",
                                                              "values": []}},
                                             {"action": "FailIndex",
                                              "onPodConditions": [{"type": "", "status": "Z"}]},
                                             {"action": "Ignore"},
                                             {"action": "Count",
                                              "onExitCodes": {"operator": "In",
                                                              "values": [0, 3, 3, 2]},
                                              "onPodConditions": [{"type": "A"}]}]},
              "template": {"spec": {"restartPolicy": "OnFailure",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "Job, bad: success": obj(
        "batch/v1", "Job", "success",
        spec={"completionMode": "Indexed",
              "completions": 3,
              "parallelism": 1,
              "successPolicy": {"rules": [{"succeededIndexes": "0-5"}, {},
                                          {"succeededIndexes": "x", "succeededCount": 9},
                                          {"succeededIndexes": "0-1", "succeededCount": 5}]},
              "template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
    "CronJob, bad: empty": obj(
        "batch/v1", "CronJob", "empty",
        spec={}),
    "CronJob, bad: range": obj(
        "batch/v1", "CronJob", "range",
        spec={"schedule": "61 * * * *",
              "timeZone": "",
              "jobTemplate": {"spec": {"manualSelector": True,
                                       "selector": {"matchLabels": {"a": "b"}},
                                       "template": {"spec": {"restartPolicy": "Never",
                                                             "containers": [{"name": "c",
                                                                             "image": "x"}]}}}}}),
    "CronJob, bad: tz": obj(
        "batch/v1", "CronJob", "tz",
        spec={"schedule": "TZ=UTC 1 * * * *",
              "timeZone": "UTC",
              "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                                                             "containers": [{"name": "c",
                                                                             "image": "x"}]}}}}}),
    "CronJob, bad: tz2": obj(
        "batch/v1", "CronJob", "tz2",
        spec={"schedule": "CRON_TZ=UTC 1 * * * *",
              "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                                                             "containers": [{"name": "c",
                                                                             "image": "x"}]}}}}}),
    "CronJob, bad: words": obj(
        "batch/v1", "CronJob", "words",
        spec={"schedule": "*/0 5-2 a-b 1-2-3 8",
              "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                                                             "containers": [{"name": "c",
                                                                             "image": "x"}]}}}}}),
    "CronJob, bad: good1": obj(
        "batch/v1", "CronJob", "good1",
        spec={"schedule": "@hourly",
              "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                                                             "containers": [{"name": "c",
                                                                             "image": "x"}]}}}}}),
    "CronJob, bad: good2": obj(
        "batch/v1", "CronJob", "good2",
        spec={"schedule": "0-30/5,45 1 ? JAN-mar Sun,mon",
              "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never",
                                                             "containers": [{"name": "c",
                                                                             "image": "x"}]}}}}}),
    "Job, bad: a.b": obj(
        "batch/v1", "Job", "a.b",
        spec={"template": {"spec": {"restartPolicy": "Never",
                                    "containers": [{"name": "c", "image": "x"}]}}}),
}

_CHANGES = {
    "CronJob: a schedule must be one": (
        "CronJob, good: d", {"spec": {"schedule": "x"}}),
    "CronJob: a change is a generation": (
        "CronJob, good: d", {"spec": {"suspend": True}}),
}

CASES = _CREATES | {name: Update(_CREATES[base], change)
                     for name, (base, change) in _CHANGES.items()}
