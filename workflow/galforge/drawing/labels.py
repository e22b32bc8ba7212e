"""What a figure calls a source and its models: every label says where the stamps come from."""

from collections import Counter
from collections.abc import Sequence

from galforge.drawing.names import model_label


def source_label(dataset: str, origin: str, scale: str) -> str:
    """A source with its origin and the scale of the run."""
    return f"{dataset} ({origin}, {scale} scale)"


def model_labels(models: Sequence[tuple[str, int]]) -> list[str]:
    """Trained models; the seed is said where a model was trained with several."""
    names = [name for name, _ in models]
    return [
        f"{model_label(name)}, seed {seed}" if names.count(name) > 1 else model_label(name) for name, seed in models
    ]


def pooled_labels(models: Sequence[tuple[str, int]]) -> dict[str, str]:
    """Each model, whose trainings are put together; the number of seeds is said where there are several."""
    counts = Counter(name for name, _ in models)
    return {name: f"{model_label(name)}, {n} seeds" if n > 1 else model_label(name) for name, n in counts.items()}


def scorer_label(scorer: str) -> str:
    """A scorer of images: its kind and its features, in words."""
    model, _, features = scorer.partition("-")
    return f"{model_label(model)}, {features.replace('_', ' ')}"
