"""The numbers that fields have in Kubernetes' protobuf, from the tags of the Go types of the modules
that the test control plane is built from: the source that their .proto files are made from.

Facts only: names, numbers, and which zero values JSON leaves out.
"""
import dataclasses
import json
import pathlib
import re
import subprocess

MODULES = {"k8s.io/api": "io.k8s.api", "k8s.io/apimachinery": "io.k8s.apimachinery",
           "k8s.io/apiextensions-apiserver": "io.k8s.apiextensions-apiserver",
           "k8s.io/kube-aggregator": "io.k8s.kube-aggregator"}

_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^\t(?:(\w+)[ \t]+)?([^\s`/]\S*)[ \t]+`([^`]+)`", re.MULTILINE)
_TAG = re.compile(r'(\w+):"([^"]*)"')


@dataclasses.dataclass(frozen=True)
class Wire:
    """`number` within a message `inside` of the type's own, whose fields JSON has in the type itself;
    0: within the type. `drops_zero`: JSON has no field for "", 0, false, [] and {}."""
    number: int
    inside: int
    drops_zero: bool

    def text(self, has_zero: bool) -> str:
        inside = f"{self.inside}." if self.inside else ""
        return f":{inside}{self.number}" + ("-" if self.drops_zero and has_zero else "")


class WireNumbers:
    def __init__(self, control_plane: pathlib.Path):
        """`control_plane`: the Go module whose dependencies are read."""
        listed = subprocess.run(["go", "list", "-m", "-json", *MODULES], cwd=control_plane, check=True,
                                capture_output=True, text=True, timeout=300).stdout
        self._folders = {}
        for each in json.loads("[" + listed.replace("}\n{", "},\n{") + "]"):
            self._folders[MODULES[each["Path"]]] = pathlib.Path(each["Dir"])
        self._packages: dict[pathlib.Path, dict[str, str]] = {}

    def of(self, type_name: str) -> dict[str, Wire]:
        """By the field's name in JSON; empty: the type is no struct."""
        package, _, name = type_name.rpartition(".")
        for prefix, folder in self._folders.items():
            if package.startswith(prefix + "."):
                return self._struct(folder / package.removeprefix(prefix + ".").replace(".", "/"), name)
        raise AssertionError(f"no module has {type_name}")

    def _struct(self, folder: pathlib.Path, name: str, inside: int = 0) -> dict[str, Wire]:
        fields = {}
        for field, go_type, tags in _FIELD.findall(self._structs(folder).get(name, "")):
            tag = dict(_TAG.findall(tags))
            json_name, *options = tag.get("json", "").split(",")
            if json_name == "-" or go_type.endswith("TypeMeta"):
                continue
            number = int(tag["protobuf"].split(",")[1])
            if field or json_name:
                drops = "omitempty" in options and not go_type.startswith("*")
                fields[json_name] = Wire(number, inside, drops)
            else:
                assert not inside, f"{folder} {name}.{go_type}: a message within a message within it"
                fields.update(self._struct(folder, go_type, number))
        return fields

    def _structs(self, folder: pathlib.Path) -> dict[str, str]:
        """The bodies of a package's struct types."""
        if folder not in self._packages:
            files = [each for each in sorted(folder.glob("*.go"))
                     if not re.search(r"_test\.go|generated", each.name)]
            assert files, f"{folder} has no Go files"
            self._packages[folder] = {name: body for each in files
                                      for name, body in _STRUCT.findall(each.read_text())}
        return self._packages[folder]
