"""Notes what a workflow job really imported and really read of its spec: the oracle of the rerun tests.

On PYTHONPATH of a traced run. Nothing of galforge's own import walk is used: modules come from sys.modules at the job's
end, and reads from objects that note every access.
"""

import atexit
import json
import os
import sys
import uuid
from pathlib import Path

FOLDER = os.environ.get("GALFORGE_TRACE")
READ: set[str] = set()
PATHS: dict[int, tuple[object, str]] = {}


class Noting(dict):
    """A dict of a spec that notes which leaves are looked at."""

    def __init__(self, data, path=""):
        super().__init__({key: wrap(value, f"{path}.{key}" if path else key) for key, value in data.items()})
        self.path = path

    def note(self, key):
        value = dict.get(self, key)
        if key in self and not isinstance(value, Noting):
            READ.add(f"{self.path}.{key}" if self.path else key)

    def __getitem__(self, key):
        self.note(key)
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.note(key)
        return super().get(key, default)

    def __iter__(self):
        # Its own, so that `{**spec}` asks for every value and does not copy them unseen.
        return super().__iter__()

    def items(self):
        return [(key, self[key]) for key in self]


def wrap(value, path):
    return Noting(value, path) if isinstance(value, dict) else value


def plain(value):
    return {key: plain(item) for key, item in dict.items(value)} if isinstance(value, dict) else value


def register(settings, path):
    PATHS[id(settings)] = (settings, path)
    for name in type(settings).model_fields:
        value = object.__getattribute__(settings, name)
        if hasattr(type(value), "model_fields"):
            register(value, f"{path}.{name}")


def trace():
    sys.path.append(str(Path(os.environ["GALFORGE_TREE"]) / "workflow"))
    from galforge.provenance import records
    from galforge.settings import Settings

    begin, from_spec = records.begin, Settings.from_spec.__func__

    def noting_begin(snakemake, script):
        return Noting(begin(snakemake, script))

    def noting_from_spec(cls, spec):
        made = from_spec(cls, plain(spec))
        if isinstance(spec, Noting):
            register(made, spec.path)
        return made

    def noting_getattribute(self, name):
        value = object.__getattribute__(self, name)
        known = PATHS.get(id(self))
        is_field = known is not None and known[0] is self and name in type(self).model_fields
        if is_field and not hasattr(type(value), "model_fields"):
            READ.add(f"{known[1]}.{name}")
        return value

    def noting_iter(self):
        return iter([(name, getattr(self, name)) for name in type(self).model_fields])

    records.begin = noting_begin
    Settings.from_spec = classmethod(noting_from_spec)
    Settings.__getattribute__ = noting_getattribute
    Settings.__iter__ = noting_iter
    atexit.register(write)


def write():
    job = getattr(sys.modules["__main__"], "snakemake", None)
    if job is None:
        return
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    found = {
        "rule": job.rule,
        "wildcards": dict(job.wildcards.items()),
        "read": sorted(READ),
        "modules": sorted(name for name in sys.modules if name == "galforge" or name.startswith("galforge.")),
        "files": sorted(str(file) for file in files if file),
        "top": sorted({name.split(".")[0] for name in sys.modules}),
    }
    # A long run may meet the same process number twice.
    Path(FOLDER, f"{uuid.uuid4().hex}.json").write_text(json.dumps(found))


if FOLDER and any(".snakemake/scripts/" in word for word in sys.orig_argv):
    trace()
