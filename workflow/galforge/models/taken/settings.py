"""Typed settings of images that are taken from other data sets of the same configuration."""

from typing import Self

from pydantic import Field, model_validator

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.

TAKEN = True
LIBRARIES = ("numpy", "h5py")


class Source(Settings):
    """Where images are taken from: the stamps of a data set, or what a model drew on one."""

    dataset: str
    """a key of `datasets`"""
    model: str = ""
    """a key of `models` that runs on it: its images of the same seed are taken; empty: the data set's own stamps, of
    all splits"""

    @property
    def label(self) -> str:
        """The source for readers, and what names of its images begin with."""
        return f"{self.dataset}/{self.model}" if self.model else self.dataset


class ModelSettings(Settings):
    """Images of other data sets of this configuration, one source behind the other, judged like a model's.

    Stamps of a data set of the same kind with other galaxies are what a perfect generator would draw. Images of models
    that were trained on the folds of a data set are judged together against all of its galaxies.
    """

    sources: list[Source] = Field(min_length=1)
    """what is taken, in this order: all data sets (`{dataset: fresh}`) or all models (`{dataset: hst0, model: edm}`)"""
    count: int = Field(0, ge=0)
    """take so many images of each source, from its beginning; 0: all [images]"""

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        labels = [source.label for source in self.sources]
        if len(set(labels)) < len(labels):
            raise ValueError(f"sources {', '.join(labels)}: name each once")
        if len({bool(source.model) for source in self.sources}) > 1:
            raise ValueError(
                f"sources {', '.join(labels)}: some are data sets and some are models; take the ones or the others"
            )
        return self

    @property
    def of_models(self) -> bool:
        """Whether models drew the images."""
        return bool(self.sources[0].model)

    @property
    def sentence(self) -> str:
        """What the images are, for the notes of tables; without a full stop."""
        labels = [f"{each.model} on {each.dataset}" if each.model else each.dataset for each in self.sources]
        what = "images" if self.of_models else "stamps"
        each = " each" if len(labels) > 1 else ""
        several = f"the first {self.count} {what}{each} of" if self.count else f"all {what} of"
        return f"taken within this configuration, {several} {', '.join(labels)}"
