"""How work on one file is cut into jobs: part i of n, as the wildcards ``part`` and ``parts`` say."""

from collections.abc import Mapping


def bounds(count: int, wildcards: Mapping[str, str]) -> tuple[int, int]:
    """First and last-plus-one row of a part; everything where there are no parts."""
    part, parts = int(wildcards.get("part", 0)), int(wildcards.get("parts", 1))
    return count * part // parts, count * (part + 1) // parts
