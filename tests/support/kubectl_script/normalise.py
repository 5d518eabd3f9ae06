"""Takes out of kubectl's answers what two clusters cannot have in common."""
import re

# pod-template-hash and the letters behind generated names spell nothing: no vowels, no 0, 1, 3.
_LETTERS = "[bcdfghjklmnpqrstvwxz2456789]"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_RULES: list[tuple[re.Pattern, str]] = [(re.compile(pattern, re.MULTILINE), to) for pattern, to in [
    (_UUID, "UID"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "TIME"),
    (r"(resourceVersion\"?: ?)\"?\d+\"?", r"\1REVISION"),
    (rf"pod-template-hash([=:] ?){_LETTERS}{{6,10}}", r"pod-template-hash\1HASH"),
    (rf"\b(web|agent|db)-{_LETTERS}{{6,10}}-{_LETTERS}{{5}}\b", r"\1-HASH-POD"),
    (rf"\b(web|agent|db)-{_LETTERS}{{6,10}}\b", r"\1-HASH"),
    (rf"\b(web-HASH|agent|once|by-hand|kube-api-access)-{_LETTERS}{{5}}\b", r"\1-POD"),
    (r"\b\d+(\.\d+)?(ms|s|m|h)(\d+s)?\b", "AGE"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4}( UTC)?", "TIME"),
    (r"\b(LIVE|MERGED)-\d+", r"\1"),
    (r"https?://[\w.:-]+:\d+", "URL"),
    (r"\b10\.\d+\.\d+\.\d+\b", "ADDRESS"),
    (r":3[0-2]\d{3}/(TCP|UDP)", r":NODEPORT/\1"),
    (r"/tmp/[\w./-]+", "FILE"),
    (r" +$", ""),
    (r"[ \t]{2,}", "  "),  # columns are as wide as their widest cell
]]

# What is wrong with a custom object comes in the order of a Go map: another one each time.
_CAUSES = re.compile(r"(?:^\* .*\n){2,}", re.MULTILINE)


def normalise(text: str, node: str) -> str:
    text = text.replace(node, "NODE")
    for pattern, to in _RULES:
        text = pattern.sub(to, text)
    return _CAUSES.sub(lambda causes: "".join(sorted(causes[0].splitlines(keepends=True))), text)


def names_and_types(text: str) -> str:
    """Of `kubectl explain`: the lines that say a name and a type; Skerry has no descriptions."""
    kept = re.compile(r"^(GROUP|KIND|VERSION|FIELD):|^\s+\S+\t<|^\s*enum:|^error")
    return "\n".join(line.strip() for line in text.splitlines() if kept.search(line))
