"""Typed settings of sampling, shared by all model families."""

from typing import Literal

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class SamplingSettings(Settings):
    """How many images are drawn from each trained model, and how."""

    count: int = Field(10_000, ge=1)
    """images drawn from each trained model [images]"""
    sparse_count: int = Field(1_000, ge=1)
    """sparse images, which are much larger, drawn from each model of them [images]"""
    chunk: int = Field(25_000, ge=1)
    """images drawn by one job; changes no image [images]"""
    batch: int = Field(64, ge=1)
    """images evaluated together; another number gives other last digits [images]"""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a GPU where there is one"""
    threads: int = Field(1, ge=1)
    """CPU threads of a sampling job; another number gives other last digits"""
    precision: Literal["float32", "auto", "bfloat16"] = Field("float32", json_schema_extra={"as_before": "float32"})
    """arithmetic of the networks; auto: bfloat16 on GPUs and CPUs with matrix units, twice as fast or more, but pixels
    are rounded to three digits where a network makes them itself"""
