"""Certificates as the openssl command makes and reads them."""
import calendar
import dataclasses
import pathlib
import time

from .processes import run


@dataclasses.dataclass(frozen=True)
class Certificate:
    """The leaf of a PEM file."""

    serial: str
    not_after: float  # as time.time()

    @classmethod
    def read(cls, file: pathlib.Path) -> "Certificate":
        said = run("openssl", "x509", "-in", file, "-noout", "-serial", "-enddate")
        fields = dict(line.split("=", 1) for line in said.splitlines())
        end = time.strptime(fields["notAfter"], "%b %d %H:%M:%S %Y %Z")
        return cls(fields["serial"], calendar.timegm(end))


class Certificates:
    """Of the test Kubernetes: one CA, which signs the API server's certificate and its clients': <name>.crt and .key."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    @property
    def ca(self) -> pathlib.Path:
        return self.directory / "ca.crt"

    def create_ca(self) -> None:
        run("openssl", "req", "-x509", *_NEW_KEY, "-days", "30", "-subj", "/CN=skerry-test-ca",
            "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", self.directory / "ca.key", "-out", self.ca)

    def issue_server(self, name: str, alternative_names: str) -> None:
        self._issue(name, f"/CN={name}", f"extendedKeyUsage=serverAuth\n"
                                         f"subjectAltName={alternative_names}\n")

    def issue_client(self, name: str, user: str, group: str | None = None) -> None:
        """Kubernetes reads the user from CN and the groups from O."""
        subject = f"/O={group}/CN={user}" if group else f"/CN={user}"
        self._issue(name, subject, "extendedKeyUsage=clientAuth\n")

    def create_key_pair(self, name: str) -> None:
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-out", self.directory / f"{name}.key")
        run("openssl", "pkey", "-in", self.directory / f"{name}.key", "-pubout",
            "-out", self.directory / f"{name}.pub")

    def _issue(self, name: str, subject: str, extensions: str) -> None:
        stem = self.directory / name
        request, extension_file = f"{stem}.csr", pathlib.Path(f"{stem}.ext")
        extension_file.write_text(extensions)
        run("openssl", "req", *_NEW_KEY, "-subj", subject, "-keyout", f"{stem}.key",
            "-out", request)
        run("openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-days", "30",
            "-CAkey", self.directory / "ca.key", "-CAcreateserial", "-extfile", extension_file,
            "-out", f"{stem}.crt")


_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
