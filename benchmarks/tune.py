"""Hyper-parameters of the models of an experiment, each model tuned for the same time and on the validation split.

    python benchmarks/tune.py config/experiments/sersic64.yaml benchmarks/candidates/sersic64.yaml --seconds 300
                              [--model stylegan] [--only NAME]

Each candidate of the second file (keys of a model that differ from the configuration's) is trained on the training
split for so many seconds of CPU time, and then scored on the validation split by one rule for all models: the distances
that the tables print, each over its floor at these sample sizes, as the mean of the power spectrum's average (corrected
protocol) and of morphology's. As many stamps are drawn as the validation split has.

The best candidate's keys belong into the configuration. Prints a table for docs/benchmarks.md.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))

import numpy as np
import pandas as pd
import torch
import yaml

from galforge import families
from galforge.compare import morphology as morphology_distances
from galforge.compare import power_spectrum as spectrum_distances
from galforge.config.parse import parse
from galforge.config.problems import merged
from galforge.config.tree import Config, Model
from galforge.estimate.command import BASE, configuration
from galforge.measure.morphology.noise import calibrate
from galforge.models import normalisation as normalisations
from galforge.models import weights as weights_files
from galforge.sampling.sample import sample
from galforge.seeds import seed_of
from galforge.stamps.file import Stamps, StampsWriter
from galforge.training.data import TrainingImages
from galforge.training.loop import Training

SEED = 0
CPU = torch.device("cpu")


class Judge:
    """Scores a training against the validation split of a data set.

    Args:
        config: the experiment.
        dataset: its data set.
        stamps: the data set's stamps file.
        folder: for temporary files.
    """

    def __init__(self, config: Config, dataset: str, stamps: Path, folder: Path):
        self.config, self.dataset, self.stamps, self.folder = config, dataset, stamps, folder
        self.measuring = config.datasets[dataset].measuring
        self.source = folder / "validation.h5"
        with Stamps(stamps) as source:
            chosen = source.split("validation")
            with StampsWriter(self.source, source.shape, source.header, len(chosen)) as writer:
                for index in chosen:
                    writer.append(source.stamp(int(index)), name=str(index))
            settings = config.measured[dataset, "morphology"].settings
            measuring = self.measuring
            self.sigma = measuring.noise_sigma
            if self.sigma == "auto":
                self.sigma = calibrate(
                    source, settings, measuring.calibration_target, measuring.calibration_stamps, measuring.seed,
                    measuring.band,
                )  # fmt: skip
        self.count = len(chosen)
        self.tables = {
            name: self._measure(name, self.source, "validation") for name in ("morphology", "power_spectrum")
        }

    def distances(self, run: Training) -> dict[str, float]:
        """Averages of morphology and power spectrum and their floors."""
        weights, drawn = self.folder / "weights.safetensors", self.folder / "drawn.h5"
        state = run.state()
        about = {
            name: state[name]
            for name in ("family", "network_settings", "shape", "normalisation", "images_seen", "seed")
        }
        with Stamps(self.stamps) as source:
            weights_files.write(weights, state["average"], {**about, "header": source.typical_header().to_json()})
        sample(weights, drawn, 0, self.count, SEED, 64, "cpu", run.settings.threads)
        out = {}
        for name, compare in (("morphology", morphology_distances), ("power_spectrum", spectrum_distances)):
            settings = self.config.compare.of(name, "corrected", False)
            rows = compare.compare(self.tables[name], self._measure(name, drawn, "model"), settings)
            average = rows.set_index("property").loc["average"]
            out |= {name: average["value"], f"{name}_floor": average["floor"]}
        return out

    def _measure(self, name: str, path: Path, who: str) -> pd.DataFrame:
        entry = self.config.measured[self.dataset, name]
        seed = seed_of(self.measuring.seed, "noise", who) % 2**63
        measure = families.load("measure", entry.family, "measure").measure
        with Stamps(path) as stamps:
            sigma = self.sigma if self.config.measures[name].family == "morphology" else 0.0
            table = measure(stamps, 0, len(stamps), entry.settings, self.measuring.band, sigma, seed)
        table.attrs = {}
        return table


def train(model: Model, stamps: Path, seconds: float) -> tuple[Training, float]:
    """A training of so much CPU time [s], and the time it took; with the data held and read before."""
    with Stamps(stamps) as source:
        chosen = normalisations.measure(model.normalisation, source, source.split(*model.training.splits))
        torch.set_num_threads(model.training.threads)
        run = Training(model.family, model.network, tuple(source.shape), chosen, model.training, SEED, CPU)
        with TrainingImages(source, CPU, run.family.conditions, SEED, splits=model.training.splits) as images:
            began = time.process_time()
            while time.process_time() - began < seconds:
                run.step(images)
            spent = time.process_time() - began
    run.check_finite()
    return run, spent


def candidate(overlay: Path, model: str, changes: dict[str, Any]) -> Config:
    """The experiment with some keys of a model changed."""
    tree = merged(yaml.safe_load(Path(BASE).read_text()), yaml.safe_load(overlay.read_text()))
    return parse(merged(tree, {"models": {model: changes}}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("overlay", type=Path, help="the experiment's configuration")
    parser.add_argument("candidates", type=Path, help="model: {name: keys that differ}")
    parser.add_argument("--seconds", type=float, required=True, help="CPU time of each training [s]")
    parser.add_argument("--model", help="this one only")
    parser.add_argument("--only", help="this candidate only")
    given = parser.parse_args()
    config = configuration([str(given.overlay)])
    listed = yaml.safe_load(given.candidates.read_text())
    with tempfile.TemporaryDirectory() as name:
        folder, judges = Path(name), {}
        for run in config.run:
            if run.model not in listed or given.model not in (None, run.model):
                continue
            stamps = Path("results") / config.overall.name / "stamps" / f"{run.dataset}.h5"
            if not stamps.exists():
                sys.exit(f"{stamps} is missing: run Snakemake for it first, with --configfile {given.overlay}")
            if run.dataset not in judges:
                judges[run.dataset] = Judge(config, run.dataset, stamps, folder)
            for label, changes in listed[run.model].items():
                if given.only in (None, label):
                    report(judges[run.dataset], given, run.model, run.dataset, label, changes or {}, stamps)


def report(
    judge: Judge, given: argparse.Namespace, model: str, dataset: str, label: str, changes: dict[str, Any], stamps: Path
) -> None:
    entry = candidate(given.overlay, model, changes).models[dataset, model]
    run, spent = train(entry, stamps, given.seconds)
    found = judge.distances(run)
    ratios = [found[name] / found[f"{name}_floor"] for name in ("morphology", "power_spectrum")]
    score = float(np.mean(ratios))
    keys = yaml.safe_dump(changes, default_flow_style=True, width=10_000).strip()
    spectrum, morphology = f"{found['power_spectrum']:.3f}", f"{found['morphology']:.3f} ({ratios[0]:.1f} floors)"
    cells = [model, label, keys, f"{spent:.0f}", str(run.images_seen), spectrum, morphology, f"{score:.4g}"]
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
