"""Which jobs a mutation of the tree changes, computed in the tree's own process (run as a script in the tree).

Reads jobs (rule and wildcards) as JSON from standard input and prints, for every mutated file, library and key, the
jobs whose parameter ``code`` or ``spec`` became another one. The tree is left as it was.

With the word ``edits`` it reads jobs and edits (file, words, other words), and prints the parameter ``code`` of every
job and the jobs whose parameter each edit changes.
"""

import ast
import copy
import json
import re
import sys
from pathlib import Path

import yaml

TREE = Path(sys.argv[1])
sys.path.insert(0, str(TREE / "workflow"))

from galforge.config.parse import ConfigError, parse
from galforge.config.problems import merged
from galforge.plan.stages import Stages
from galforge.provenance import digest, records


def tree_config():
    base = yaml.safe_load((TREE / "config/config.yaml").read_text())
    tree = merged(base, yaml.safe_load((TREE / "tests/config/smallest.yaml").read_text()))
    # Entries that are not there have no keys.
    there = {
        section: {name: entry for name, entry in tree[section].items() if entry is not None}
        for section in ("datasets", "models", "measures", "denoisers")
    }
    cases = {name: case for name, case in tree["denoising"]["cases"].items() if case is not None}
    return tree | there | {"denoising": {**tree["denoising"], "cases": cases}}


def codes(jobs, stages):
    """code parameter of every job; stages that share script, modules and libraries are digested once."""
    known, out = {}, {}
    for name, (rule, wildcards) in jobs.items():
        stage = stages.stage(rule, wildcards)
        kind = (stage.script, stage.modules, stage.libraries)
        if kind not in known:
            known[kind] = records.code_param(TREE / "workflow/scripts" / stage.script, stage.modules, stage.libraries)
        out[name] = known[kind]
    return out


def specs(jobs, config):
    stages = Stages(config)
    out = {}
    for name, (rule, wildcards) in jobs.items():
        try:
            out[name] = stages.stage(rule, wildcards).spec
        except (KeyError, ZeroDivisionError):
            out[name] = None
    return out


def files(jobs):
    """Each module and script with a statement added."""
    stages, found = Stages(parse(tree_config())), {}
    digest.forget()
    before = codes(jobs, stages)
    folder = TREE / "workflow"
    for file in sorted([*folder.glob("galforge/**/*.py"), *folder.glob("scripts/*.py")]):
        text = file.read_text()
        file.write_text(text + "\n_added_by_a_mutation = 1\n")
        # Only this file is parsed again; all digests are taken anew, because those of its importers hold its own.
        digest.forget(file)
        after = codes(jobs, stages)
        file.write_text(text)
        found[str(file.relative_to(TREE))] = [name for name in jobs if before[name] != after[name]]
        digest.forget(file)
    return found


def edits(jobs, wanted):
    """The code parameter of every job, and the jobs that have another one after each edit."""
    stages, changed = Stages(parse(tree_config())), []
    digest.forget()
    before = codes(jobs, stages)
    for name, words, others in wanted:
        file = TREE / name
        text = file.read_text()
        assert words in text, f"{name} has no {words!r}"
        file.write_text(text.replace(words, others))
        digest.forget(file)
        after = codes(jobs, stages)
        file.write_text(text)
        digest.forget(file)
        changed.append([job for job in jobs if before[job] != after[job]])
    return {"codes": before, "changed": changed}


def silent(jobs):
    """Every file with its docstrings and comments changed and its formatting lost: no job may differ."""
    stages, texts = Stages(parse(tree_config())), {}
    digest.forget()
    before = codes(jobs, stages)
    for file in sorted((TREE / "workflow").glob("**/*.py")):
        texts[file] = file.read_text()
        module = ast.parse(texts[file])
        for node in ast.walk(module):
            body = getattr(node, "body", None)
            if (
                isinstance(body, list)
                and body
                and isinstance(body[0], ast.Expr)
                and isinstance(body[0].value, ast.Constant)
            ):
                body[0].value = ast.Constant("Another docstring.")
        file.write_text("# a comment\n" + ast.unparse(module) + "\n# and another\n")
    digest.forget()
    after = codes(jobs, stages)
    for file, text in texts.items():
        file.write_text(text)
    digest.forget()
    return [name for name in jobs if before[name] != after[name]]


def libraries(jobs):
    """Each pin of the lock raised."""
    stages, found = Stages(parse(tree_config())), {}
    before, text = codes(jobs, stages), records.LOCK.read_text()
    for name, version in records.locked_versions().items():
        # Behind the version a line may go on with hashes.
        raised, count = re.subn(rf"(?mi)^({re.escape(name)}==[^\s;]+)", r"\1.1", text)
        assert count, f"{records.LOCK} has no line of {name}"
        records.LOCK.write_text(raised)
        after = codes(jobs, stages)
        found[name] = [job for job in jobs if before[job] != after[job]]
        assert version
    records.LOCK.write_text(text)
    return found


def leaves(tree, path=()):
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif not isinstance(tree, dict):
        yield path, tree


CHOICES = {
    "protocol": ["published", "corrected"],
    "engine": ["numba", "statmorph"],
    "kind": ["asinh", "linear"],
    "precision": ["float32", "bfloat16"],
    "layout": ["channels_last", "contiguous"],
    "device": ["auto", "cpu", "cuda"],
    "architecture": ["skip", "residual"],
    "splits": [["train"], ["train", "validation"]],
    "band": [0, 1],
    "pad": ["refuse", "noise"],
    "origin": ["observed", "simulated"],
    "noise_sigma": [0.5, 0.25],
    "alphas": [[0.0, 0.25]],
    "richardson_lucy": [[1, 5]],
    "kernel": [3, 5],
    "multipliers": [[1], [1, 2]],
    "prior": ["fitted", "normal"],
    "spacing": ["quadratic", "uniform"],
    "stretch": ["root", "linear"],
    "placing": ["anywhere", "centre"],
    "galaxy": ["conv", "began"],
    "error": ["absolute", "squared"],
    "held_out": ["shapes", "noise"],
    "thresholds": [[10, 31]],
    "blocks": [["hog", "lbp", "fourier"], ["basic", "histogram", "spectrum"]],
    "scorers": [["median-none", "xgboost-histogram_power_spectrum", "random_forest-fourier"]],
    "scorer": ["xgboost-histogram"],
    "choose": ["last", "best"],
    "by": ["power_spectrum", "morphology"],
}


def others(key, value):
    """Other values to try for a key, most of them valid."""
    if key in CHOICES and not (isinstance(CHOICES[key][0], list) and isinstance(value, int)):
        return [choice for choice in CHOICES[key] if choice != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int) and key == "chunk":
        return [5]
    if isinstance(value, int):
        return [value + 1, value * 2, value - 1, value // 2, 64, 20, 5]
    if isinstance(value, float):
        return [value * 1.1 + 1e-3, value * 0.9, value + 1.0, value - 0.05, 0.5]
    if isinstance(value, str):
        return [f"{value}x", "a" * 64]
    if value is None:
        return [0.5]
    if isinstance(value, list) and len(value) == 2:
        return [[value[0], value[1] * 0.99], [value[0] * 1.01, value[1]]]
    if isinstance(value, list) and value and all(isinstance(item, float) for item in value):
        return [[item * 1.1 for item in value]]
    return [[f"{item}x" for item in value]] if isinstance(value, list) else []


def changed_leaves(before, after, path=""):
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            leaf
            for key in sorted({*before, *after})
            for leaf in changed_leaves(before.get(key), after.get(key), f"{path}.{key}" if path else key)
        ]
    for one, other in ((before, after), (after, before)):
        if isinstance(one, dict) and one and other is None:
            return changed_leaves(one, dict.fromkeys(one), path)
    return [] if before == after else [path]


def known(before, after):
    """Changed leaves; of those that appear with another choice only where nothing else tells the two apart."""
    changed = changed_leaves(before, after)
    return [leaf for leaf in changed if leaf in {".".join(path) for path, _ in leaves(before or {})}] or changed


def mutate(tree, path, value):
    tree = copy.deepcopy(tree)
    node = tree
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    # Splits add up to one: what one share gains another loses.
    if "splits" in path and path[-1] in ("train", "validation", "test"):
        node["validation" if path[-1] == "test" else "test"] = round(
            1
            - sum(
                node[name]
                for name in ("train", "validation", "test")
                if name != ("validation" if path[-1] == "test" else "test")
            ),
            9,
        )
    return tree


def shape(config):
    """What decides which jobs there are, apart from their specs."""
    stages = Stages(config)
    runs = [[run.dataset, run.model, run.seeds] for run in config.run]
    parts = [
        [stages.facts.measure_parts(d, who, [m]) for m in config.measures for who in ("source", "scored", "model")]
        for d in config.used_datasets
    ]
    calibrates = [[stages.facts.calibrates(d, m) for m in config.measures] for d in config.used_datasets]
    segments = [[getattr(stages.facts, of)(*key) for of in ("segments", "scores", "chooses")] for key in config.models]
    folders = [config.overall.name, config.overall.raw]
    networks = [[sweep.name, stages.facts.networks(sweep)] for sweep in config.sweeps]
    drawn = [[stages.facts.sample_parts(name), stages.facts.stamps_rule(name)] for name in config.used_datasets]
    scorers = [config.realism.scorers, config.realism.scorer]
    return [runs, parts, calibrates, segments, drawn, folders, list(config.measures), networks, scorers]


def keys(jobs):
    """Each leaf of the configuration that this run uses, with another value."""
    tree = tree_config()
    base = parse(tree)
    before, shape_before, found = specs(jobs, base), shape(base), {}
    for path, value in leaves({k: v for k, v in tree.items() if k != "run"}):
        if path[-1] in ("family", "source"):
            continue
        for other in others(path[-1], value):
            if other == value:
                continue
            try:
                config = parse(mutate(tree, path, other))
            except ConfigError:
                continue
            after = specs(jobs, config)
            found[".".join(map(str, path))] = {
                "value": other,
                "jobs": {name: leaves_ for name in jobs if (leaves_ := known(before[name], after[name]))},
                "shape": shape(config) != shape_before,
            }
            break
        else:
            found[".".join(map(str, path))] = None
    return found


if __name__ == "__main__":
    given = json.load(sys.stdin)
    if "edits" in sys.argv:
        print(json.dumps(edits({name: (rule, wildcards) for name, rule, wildcards in given["jobs"]}, given["edits"])))
        sys.exit()
    given = {name: (rule, wildcards) for name, rule, wildcards in given}
    print(
        json.dumps({"files": files(given), "silent": silent(given), "libraries": libraries(given), "keys": keys(given)})
    )
