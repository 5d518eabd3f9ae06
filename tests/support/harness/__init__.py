"""Fixtures of the end-to-end tests: a Kubernetes, edge machines and the network between them.

One class a file, Python's standard library only. Each fixture keeps everything it makes under one
directory, waits with deadlines, listens on loopback or in its own network namespace, and can say
what it has left behind on the host.
"""
