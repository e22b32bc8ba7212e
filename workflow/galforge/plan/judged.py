"""Which tests of generators the denoising study makes, and the networks that they rest on."""

from typing import Any

from galforge.config.tree import Config, Sweep
from galforge.plan.facts import Facts
from galforge.studies.denoising.settings import label


def tests(facts: Facts) -> list[dict[str, Any]]:
    """Every data set and kind of network with an oracle: its generators with their seeds, and the share that is tested.

    ``longer`` are kinds of networks that are only trained on real galaxies, to be held against this one.
    """
    config, found = facts.config, []
    for dataset, settings in config.denoising.items():
        sweeps = [sweep for sweep in config.sweeps if sweep.dataset == dataset]
        for denoiser in dict.fromkeys(sweep.denoiser for sweep in sweeps if settings.oracle):
            own = [sweep for sweep in sweeps if sweep.denoiser == denoiser and settings.tested in sweep.alphas]
            if own:
                found.append(
                    {
                        "dataset": dataset,
                        "origin": facts.origin(dataset),
                        "denoiser": denoiser,
                        "protocol": config.denoisers[denoiser].protocol,
                        "oracle": settings.oracle,
                        "alpha": label(settings.tested),
                        "replicates": settings.replicates,
                        "seeds": _seeds(own),
                        "longer": _longer(config, sweeps),
                    }
                )
    return found


def networks(found: list[dict[str, Any]]) -> list[tuple[str, str, str, str, int]]:
    """(data set, kind, whose galaxies, alpha, replicate) of the networks behind tests, each once."""
    out = []
    for test in found:
        arms = [(denoiser, "source", label(0.0)) for denoiser in (test["denoiser"], *test["longer"])]
        for model, seeds in test["seeds"].items():
            arms += [(test["denoiser"], f"{model}-seed{seed}", test["alpha"]) for seed in seeds]
        out += [(test["dataset"], *arm, replicate) for arm in arms for replicate in range(test["replicates"])]
    return list(dict.fromkeys(out))


def _seeds(sweeps: list[Sweep]) -> dict[str, list[int]]:
    """Swept seeds of each model."""
    found: dict[str, list[int]] = {}
    for sweep in sweeps:
        found.setdefault(sweep.model, []).append(sweep.seed)
    return found


def _longer(config: Config, sweeps: list[Sweep]) -> list[str]:
    kinds = dict.fromkeys(sweep.denoiser for sweep in sweeps)
    return [name for name in kinds if config.denoisers[name].only_real]
