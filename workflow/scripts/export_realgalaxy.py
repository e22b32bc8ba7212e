"""Write stamps as a RealGalaxy catalogue for GalSim."""

from pathlib import Path

from galforge.export.real_galaxy import FILES, write_catalogue
from galforge.measure.photometry.settings import MeasureSettings
from galforge.provenance.records import begin, finish

spec = begin(snakemake, __file__)
write_catalogue(
    Path(snakemake.input.stamps),
    {name: Path(snakemake.output[name]) for name in FILES},
    spec["band"],
    (spec["psf"]["fwhm"], spec["psf"]["beta"]),
    MeasureSettings.from_spec(spec["photometry"]),
    spec["count"],
)
finish(snakemake, __file__)
