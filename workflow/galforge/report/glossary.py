"""The words of the page that need saying: each is explained once, and texts link to it."""

import re
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Term:
    """A word of the glossary.

    Attributes:
        name: its anchor, ``word-<name>``.
        title: the word.
        forms: how texts write it, as a regular expression for whole words, whatever the case.
        text: what it means.
    """

    name: str
    title: str
    forms: str
    text: str


TERMS = (
    Term(
        "distance",
        "Distance, W1",
        r"Wasserstein-1 distances?|W1",
        "The Wasserstein-1 distance (W1) is the mean amount by which one distribution has to be moved to become the "
        "other. It is 0 for equal distributions. It looks at one property at a time.",
    ),
    Term(
        "floor",
        "Floor",
        r"floors?",
        "Two samples of the same population are never equal. The floor is what a perfect model would score with as "
        "many stamps as were compared here. For distances it falls with the square root of their number. A distance "
        "of 3 floors is three times as large.",
    ),
    Term(
        "at-floor",
        "At floor",
        r"at (?:the )?(?:floor|source's|ideal)",
        "Too close to what a perfect model would score to say more, so no ranking is claimed: a distance or a KID that "
        "one perfect model in twenty would exceed, a share as near to the ideal as 19 of 20 perfect models. Where some "
        "galaxies cannot be measured, the distance of the others and the share of the measured both have to be that "
        "close. Where there is no floor, cells say what they are too close to: “at the source's”, “at zero”, “at one”, "
        "within twice their error.",
    ),
    Term(
        "rank",
        "Rank",
        r"ranks?",
        "1 + the number of models that are better on the same data set: by more than the error of the difference, with "
        "the same galaxies of the source on both sides, and corrected for the number of pairs. Models that cannot be "
        "told apart share a rank, marked “=”. Ranks are as sure as the scatter of training is known: of models with "
        "one seed it is not.",
    ),
    Term(
        "protocol",
        "Protocol",
        r"(?:corrected |published )?protocols?",
        "“Published” measures as the paper's released code did, with its known defects. “Corrected” mends them. Both "
        "are always computed; answers use the corrected one.",
    ),
    Term(
        "printed",
        "Printed",
        r"printed",
        "The paper's own numbers, from its full-size data and models. Compare them with the published protocol at "
        "paper scale on the same data, and with nothing else.",
    ),
    Term(
        "error",
        "Error",
        r"(?:standard )?errors?",
        "One standard error, over images (bootstrap) and over training seeds, added in quadrature. With one seed it "
        "holds no scatter of training.",
    ),
    Term(
        "source",
        "Source",
        r"source",
        "All stamps of the data set, those that a model was trained on included. A model that learned its training "
        "stamps by heart is not found out by the distances; copying looks for it.",
    ),
    Term(
        "held-out",
        "Held-out source",
        r"held-out source",
        "No model: real or mock galaxies that no model has seen, in the place of generated ones. Quantities of one "
        "sample, such as a redshift loss, have no floor: they are as good as they can be where they are those of the "
        "held-out source.",
    ),
    Term(
        "mock",
        "Mock",
        r"mocks?",
        "Made-up galaxies in the format of a survey. They show that everything works; their numbers are not the "
        "survey's.",
    ),
    Term(
        "networks",
        "FID and KID",
        r"FIDs?|KIDs?",
        "They compare what an image network sees in source and generated stamps. Their scale belongs to the network: a "
        "value of one network says nothing beside a value of another, and only Inception-v3 stands beside printed "
        "values. The published protocol scales each stamp from its own minimum to its own maximum, so that a model "
        "with wrong fluxes scores the same; the corrected one keeps fluxes.",
    ),
    Term(
        "copying",
        "Copying",
        r"copying",
        "Generated stamps that lie nearer to training stamps than galaxies do that no model has seen. It finds copies "
        "of whole stamps, not of parts, and only as far as the network can tell stamps apart.",
    ),
    Term(
        "kl",
        "KL loss",
        r"KL (?:losses|loss|divergence)",
        "The Kullback-Leibler divergence of the distribution of a property from the source's, in nats: 0 for equal "
        "distributions.",
    ),
    Term(
        "score",
        "Realism score",
        r"realism scores?",
        "How real an image looks, from 0 to about 8, learned from images with given scores. It is a hint: a scorer "
        "knows the faults of the images that it learned from, and no others.",
    ),
    Term(
        "oracle",
        "Oracle",
        r"oracle",
        "Real galaxies in the place of generated ones: what a perfect generator would draw.",
    ),
    Term(
        "alpha",
        "Share α",
        r"share α|α",
        "The share of generated galaxies among those that a denoising network is trained on.",
    ),
    Term(
        "missing",
        "Missing",
        r"measured shares?",
        "A galaxy that cannot be measured counts against its model, if the source's can be: distances of the corrected "
        "protocol hold the difference of the measured shares. A cell says so where the shares differ, with the "
        "distance of the measured galaxies alone.",
    ),
    Term(
        "roundtrip",
        "Store and decode",
        r"store and decode",
        "No model. Galaxies of many sizes are stored at one size and decoded before they are measured; this compares "
        "them with themselves before that. Models cannot be held to account for what it costs.",
    ),
    Term(
        "gaussian",
        "Gaussian",
        r"Gaussian",
        "Mean, principal components and white noise, fitted in seconds: the line that every other model has to beat.",
    ),
)
# Longer forms first, so that “held-out source” is not taken for “source”.
_FORMS = "|".join(
    f"(?P<t{number}>{term.forms})" for number, term in sorted(enumerate(TERMS), key=lambda t: -len(t[1].forms))
)
_WORDS = re.compile(rf"(?<![\w-])(?:{_FORMS})(?![\w-])", re.IGNORECASE)


def linked(text: str) -> Markup:
    """A text as HTML, the first mention of each word of the glossary linked to its explanation."""
    out, end, seen = [], 0, set()
    for match in _WORDS.finditer(text):
        term = TERMS[int(str(match.lastgroup)[1:])]
        if term.name not in seen:
            seen.add(term.name)
            out += [
                escape(text[end : match.start()]),
                Markup('<a class="term" href="#word-{}">{}</a>').format(term.name, match[0]),
            ]
            end = match.end()
    return Markup("").join([*out, escape(text[end:])])


def sentences(text: str) -> list[str]:
    """The sentences of a caption. A full stop before a small letter, a bracket or a number ends none."""
    return re.split(r"(?<=[.?!])\s+(?=[A-Z“])", text.strip())
