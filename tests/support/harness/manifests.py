"""Kubernetes objects as tests need them: short to write, quick to start and to stop."""
from .containerd import BUSYBOX

# Process 1 gets no signal that it does not handle, and `sleep` handles none: wait for it instead.
IDLE = "trap 'exit 0' TERM; sleep 1000000 & wait"
HTTP_PORT = 8080
# Serves the whole file system: a test reads mounted files through the pod network.
SERVE_FILES = f"env > /tmp/env; trap 'exit 0' TERM; httpd -f -p {HTTP_PORT} -h / & wait"


def config_map(namespace: str, name: str, data: dict[str, str]) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _named(namespace, name),
            "data": data}


def secret(namespace: str, name: str, data: dict[str, str]) -> dict:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _named(namespace, name),
            "stringData": data}


def container(script: str = IDLE, name: str = "main", image: str = BUSYBOX, **fields) -> dict:
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-c", script], **fields}


def pod_spec(node: str, *containers: dict, **fields) -> dict:
    """Goes through the scheduler, to that node only."""
    return {"nodeSelector": {"kubernetes.io/hostname": node}, "terminationGracePeriodSeconds": 5,
            "containers": list(containers) or [container()], **fields}


def pod(namespace: str, name: str, spec: dict, labels: dict[str, str] | None = None) -> dict:
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {**_named(namespace, name), "labels": labels or {"app": name}},
            "spec": spec}


def deployment(namespace: str, name: str, replicas: int, spec: dict) -> dict:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _named(namespace, name),
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                     "template": _template(name, spec)}}


def job(namespace: str, name: str, spec: dict) -> dict:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": _named(namespace, name),
            "spec": {"backoffLimit": 0,
                     "template": _template(name, {**spec, "restartPolicy": "Never"})}}


def cron_job(namespace: str, name: str, schedule: str, spec: dict) -> dict:
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": _named(namespace, name),
            "spec": {"schedule": schedule,
                     "jobTemplate": {"spec": job(namespace, name, spec)["spec"]}}}


def mount(volume: str, path: str) -> dict:
    return {"name": volume, "mountPath": path}


def config_map_volume(name: str, config_map_name: str) -> dict:
    return {"name": name, "configMap": {"name": config_map_name}}


def secret_volume(name: str, secret_name: str) -> dict:
    return {"name": name, "secret": {"secretName": secret_name}}


def host_path_volume(name: str, path: object) -> dict:
    return {"name": name, "hostPath": {"path": str(path), "type": "DirectoryOrCreate"}}


def env_from_field(name: str, path: str) -> dict:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def env_from_config_map(name: str, config_map_name: str, key: str) -> dict:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": config_map_name, "key": key}}}


def env_from_secret(name: str, secret_name: str, key: str) -> dict:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": key}}}


def _named(namespace: str, name: str) -> dict:
    return {"name": name, "namespace": namespace}


def _template(app: str, spec: dict) -> dict:
    return {"metadata": {"labels": {"app": app}}, "spec": spec}
