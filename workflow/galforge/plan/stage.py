"""One kind of job: what it reads, and which code it runs."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from galforge.provenance.digest import PACKAGE
from galforge.provenance.records import code_param
from galforge.settings import canonical

SCRIPTS = PACKAGE.parent / "scripts"


@dataclass(frozen=True)
class Stage:
    """One kind of job: its spec, its script, the modules the script loads by name, and its libraries."""

    spec: dict[str, Any]
    script: str
    modules: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("numpy",)

    @cached_property
    def spec_param(self) -> str:
        """Canonical JSON of the spec."""
        return canonical(self.spec)

    @cached_property
    def code_param(self) -> str:
        """Digest of the code and versions of the libraries."""
        return _code_param(SCRIPTS / self.script, self.modules, self.libraries)


# Thousands of jobs have a dozen kinds of code between them.
_code_param = cache(code_param)
