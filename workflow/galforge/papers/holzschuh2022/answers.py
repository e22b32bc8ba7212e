"""The answer of the denoising study: where training on generated galaxies helped, by the verdicts of its tests."""

from collections.abc import Sequence

import pandas as pd

from galforge.drawing.names import listed, model_label
from galforge.papers.answers import Filled, sentence
from galforge.papers.holzschuh2022.denoising_table import case_label
from galforge.studies.denoising.judging import TESTED
from galforge.studies.denoising.verdicts import HARMS, HELPS, NO_POWER, NOT_SEEN


def denoising(filled: Sequence[Filled]) -> str:
    """In how many tests generated galaxies helped or harmed, which these are, and what the others are worth.

    Without tests of generators the answer is that of the sweeps: where the best mixed share gains beyond chance.
    """
    by_file = {each.table.file: each.frame for each in filled}
    if "denoising_tests" in by_file:
        return _of_verdicts(by_file["denoising_tests"])
    return _of_sweeps(by_file["denoising"]) if "denoising" in by_file else ""


def _of_verdicts(frame: pd.DataFrame) -> str:
    tests = frame[frame["metric"] == TESTED]
    out = []
    for verdict, words in ((HELPS, "help"), (HARMS, "harm")):
        own = tests[tests["verdict"] == verdict]
        if len(own):
            out.append(
                f"{words} in {len(own)} of {len(tests)} tests: {listed([_test(row) for _, row in own.iterrows()])}"
            )
    rest = [
        f"in {count} {words}"
        for verdict, words in (
            (NOT_SEEN, "they are not seen to help although a perfect generator's would"),
            (NO_POWER, "not even a perfect generator's galaxies would be seen to help"),
        )
        if (count := int((tests["verdict"] == verdict).sum()))
    ]
    if not out:
        out.append(f"are not seen to help or harm in any of {len(tests)} tests")
    return sentence("; ".join([f"generated galaxies {', and '.join(out)}", *rest]))


def _test(row: pd.Series) -> str:
    case = case_label(row["pixel_size"], row["noise"])
    gain = f"{100 * row['value']:+.0f} ± {100 * row['standard_error']:.0f} %"
    return f"{model_label(str(row['model']))} on {row['dataset']}, {case[:1].lower()}{case[1:]} ({gain})"


def _of_sweeps(frame: pd.DataFrame) -> str:
    own = frame[(frame["metric"] == "improvement") & frame["replicates"].notna() & frame["value"].notna()]
    if own.empty:
        return ""
    gains = own[own["supported"].astype(bool) & (own["value"] > 0)]
    if gains.empty:
        return f"In none of {len(own)} tests does a share of generated galaxies gain beyond chance."
    said = listed([_test(row) for _, row in gains.iterrows()])
    return sentence(f"a share of generated galaxies gains beyond chance in {len(gains)} of {len(own)} tests: {said}")
