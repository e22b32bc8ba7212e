"""Settings of tables, figures and the page."""

from pydantic import Field

from galforge.settings import Settings

IN_DIGEST = False  # Fields and their limits: a job takes every value from its spec.


class ReportSettings(Settings):
    """Section `report`."""

    stamps_per_row: int = Field(8, ge=2, le=20)
    """galaxies of a data set or model shown side by side [count]"""
    walks: int = Field(3, ge=1, le=20)
    """walks through the latent space of each model that are shown [count]"""
    fits_stamps: int = Field(1000, ge=1)
    """most stamps in a file that is exported as FITS or npz, or in a catalogue for GalSim [count]"""
    licence: str = Field("unknown", pattern=r"^[a-z0-9.-]+$")
    """licence of weights that are given away, as Hugging Face names it, such as mit or cc-by-4.0; their card says it"""
    seed: int = Field(0, ge=0)
    """seed that picks the galaxies shown [any integer]"""
