"""PriorityClass, RuntimeClass, CertificateSigningRequest, APIService, Lease."""
from kind_manifests import Update, obj

_REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlJQ1VqQ0NBVG9DQVFBd0RURUxNQWtHQTFVRUF3d0"
    "NiV1V3Z2dFaU1BMEdDU3FHU0liM0RRRUJBUVVBQTRJQgpEd0F3Z2dFS0FvSUJBUUNyaTNVV01HbjR0SDZKTjJkOGRJ"
    "WlZPWXVFckNkRlFkWEhNeUovRkhxSFd5V1ZiNUxoCkRyN3NvazdmU21ycHhKNDBFZDRCTHlWcjRTa3h6aXBKYUx5UE"
    "9zcXQxSTc3SlpBMVA2TVgzbVdjam5SUjNVTUkKT1BqbldyZmZFM2dVZEE3SDcxUk1yeDhQSzlJZFU5Y1orNG9NR0ZG"
    "R2VKU2JZLzNlWi9BVW81TlhYVzNFK3JHeApPK3o4NVQzZ25scG9iWmp1N1dOdFFXakgzSFpHd1RFcDltZGlGK05kNk"
    "1rTExyaUtpSm9MY1VPSXFKSDMvVVJECnJDcklqblVxV0t5NXpxd2M0RWFDb05qd2Z4QlNmclBzZXBxR3JLZTlKYWNE"
    "T0w5a2IzM3p6U05Ka2pyQzNDdzAKMUVsSGxGUDNQY0kwNFEwZTdqTkE3TUlZQzlPVkNnZU1LcUFEQWdNQkFBR2dBRE"
    "FOQmdrcWhraUc5dzBCQVFzRgpBQU9DQVFFQWJkcnhYOFNCZmYrK1B2RFI3L0VMS0t2QlUyRG9xTFlneWpkeHp6ZVY4"
    "MUUxVUloL2xsU0dady91CmxsYzBHK3pTWFBBeDBNM21Pa0VURU5PYmYxTmZWc2ltNDFTczZFOVdnTHVQODhSQVMwVV"
    "BHMjBQR0lFN0IyRFMKR2lpakI5TUNIT241NUpTbkRQLzZGK3RjeXBFQW5GVHFFVGZWcDkxT1FxQzJaaVdQWUtzRkow"
    "NkpOaE8rSW5rcwp2NENrcndaVzExOS80VXBZbHNXVUsxWkRyVkVIaUs0VTlrYVNnc1liL25vWC9lanpFaWczRHNtQm"
    "YwbkRXNFd2CmVETVBPV0x6ZkpjVnEyVVhsVngvalhUWlRYbWtuMDJYcnNSaEt1WjBjaWhkWWkrWTlsZlBsaEs1cFJB"
    "OVFwcFEKSzdzQ24xcVREekdLM2JsenZnTURIRk9WK01OczZnPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC"
    "0tLS0tCg=="
)

_CREATES = {
    "PriorityClass, good: wkd": obj(
        "scheduling.k8s.io/v1", "PriorityClass", "wkd",
        value=100),
    "RuntimeClass, good: wkd": obj(
        "node.k8s.io/v1", "RuntimeClass", "wkd",
        handler="runc"),
    "Lease, good: d": obj(
        "coordination.k8s.io/v1", "Lease", "d",
        spec={"holderIdentity": "me", "leaseDurationSeconds": 15}),
    "PriorityClass, bad: system-foo": obj(
        "scheduling.k8s.io/v1", "PriorityClass", "system-foo",
        value=2000000000),
    "PriorityClass, bad: wkbad": obj(
        "scheduling.k8s.io/v1", "PriorityClass", "wkbad",
        value=1000000001,
        preemptionPolicy="Foo"),
    "RuntimeClass, bad: wkbad 2": obj(
        "node.k8s.io/v1", "RuntimeClass", "wkbad",
        handler=""),
    "CertificateSigningRequest, bad: wkbad": obj(
        "certificates.k8s.io/v1", "CertificateSigningRequest", "wkbad",
        spec={"request": "YWJj", "signerName": "foo", "usages": []}),
    "CertificateSigningRequest, bad: wkbad 2": obj(
        "certificates.k8s.io/v1", "CertificateSigningRequest", "wkbad",
        spec={"request": "",
              "signerName": "",
              "usages": ["foo", "client auth", "client auth"],
              "expirationSeconds": 3}),
    "CertificateSigningRequest, bad: wkbad 3": obj(
        "certificates.k8s.io/v1", "CertificateSigningRequest", "wkbad",
        spec={"request": _REQUEST,
              "signerName": "kubernetes.io/legacy-unknown",
              "usages": ["client auth"]}),
    "CertificateSigningRequest, bad: wkbad 4": obj(
        "certificates.k8s.io/v1", "CertificateSigningRequest", "wkbad",
        spec={"request": _REQUEST,
              "signerName": "A.b/c",
              "usages": ["client auth"]}),
    "Lease, bad: bad": obj(
        "coordination.k8s.io/v1", "Lease", "bad",
        spec={"leaseDurationSeconds": 0,
              "leaseTransitions": -1,
              "strategy": "a",
              "preferredHolder": "x"}),
}

_CHANGES = {
    "PriorityClass: its value stays": (
        "PriorityClass, good: wkd", {"value": 7}),
    "PriorityClass: its policy stays": (
        "PriorityClass, good: wkd", {"preemptionPolicy": "Never"}),
    "PriorityClass: its description changes": (
        "PriorityClass, good: wkd", {"description": "x"}),
    "RuntimeClass: its handler stays": (
        "RuntimeClass, good: wkd", {"handler": "kata"}),
}

CASES = _CREATES | {name: Update(_CREATES[base], change)
                     for name, (base, change) in _CHANGES.items()}
