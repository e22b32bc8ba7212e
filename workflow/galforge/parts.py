"""How work on one file is cut into jobs: the wildcards ``part`` and ``parts`` say that a job does part i of n."""

from collections.abc import Mapping


def bounds(count: int, wildcards: Mapping[str, str]) -> tuple[int, int]:
    """First row of a part, and the row after its last; all ``count`` rows where there are no parts."""
    part, parts = int(wildcards.get("part", 0)), int(wildcards.get("parts", 1))
    return count * part // parts, count * (part + 1) // parts
