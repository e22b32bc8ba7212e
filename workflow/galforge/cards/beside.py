"""Cards side by side; those that were not measured alike are refused."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from galforge.cards.card import FORMAT, shown
from galforge.drawing.names import model_label
from galforge.errors import GalforgeError


class CardsError(GalforgeError):
    """Cards cannot be put side by side."""


def read(path: str | Path) -> dict[str, Any]:
    """A card from its file.

    Raises:
        CardsError: it cannot be read, is no card, or has another layout.
    """
    try:
        card = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CardsError(f"{path}: cannot be read as a card ({error})") from None
    if not isinstance(card, dict) or not {"format", "judged", "datasets", "numbers"} <= set(card):
        raise CardsError(f"{path}: is no card; galforge writes them to results/<name>/card.json")
    if card["format"] != FORMAT:
        raise CardsError(f"{path}: a card of layout {card['format']}, this galforge reads {FORMAT}: use the newer one")
    return card


def beside(cards: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Markdown table with a row per data set and quantity, and a column per model of each card.

    Args:
        cards: at least two, by what they are called.

    Raises:
        CardsError: they share no data set, or a shared one was not measured alike.
    """
    shared = [
        name for name in next(iter(cards.values()))["datasets"] if all(name in c["datasets"] for c in cards.values())
    ]
    if not shared:
        sets = "; ".join(f"{name}: {', '.join(card['datasets'])}" for name, card in cards.items())
        raise CardsError(f"the cards share no data set ({sets})")
    if reasons := [reason for name in shared for reason in unlike(cards, name)]:
        raise CardsError("the cards were not measured alike:\n" + "\n".join(f"  {reason}" for reason in reasons))
    columns = list(_columns(cards, shared))
    head = ["data set", "quantity", *(label for *_, label in columns)]
    rows = [head, ["---"] * len(head)]
    for dataset in shared:
        for quantity, label in _quantities(cards, dataset).items():
            cells = [_cell(cards[card], (dataset, model, *quantity)) for card, model, _ in columns]
            rows.append([dataset, label, *cells])
    return [f"| {' | '.join(row)} |" for row in rows]


def unlike(cards: Mapping[str, Mapping[str, Any]], dataset: str) -> Iterator[str]:
    """Why a data set was not measured alike, one line for each difference from the first card."""
    (first, reference), *others = cards.items()
    for name, card in others:
        for what, words in (
            ("digest", "other stamps"),
            ("stamps", "another number of stamps"),
            ("splits", "other splits"),
        ):
            own, theirs = card["datasets"][dataset][what], reference["datasets"][dataset][what]
            if own != theirs:
                yield f"{dataset}: {words} ({name}: {_short(own)}, {first}: {_short(theirs)})"
        if _track(card) != _track(reference):
            yield f"{dataset}: another track ({name}: {_track(card)}, {first}: {_track(reference)})"
        own, theirs = card["judged"][dataset], reference["judged"][dataset]
        for kind in sorted(set(own) & set(theirs)):
            if own[kind] != theirs[kind]:
                yield f"{dataset}: {kind} with other settings, code or libraries ({name} against {first})"
        if not set(own) & set(theirs):
            yield f"{dataset}: no comparison in common ({name} against {first})"
        if (sizes := _sizes(card, dataset)) != (wanted := _sizes(reference, dataset)):
            yield (
                f"{dataset}: {_words(sizes)} generated stamps in {name}, {_words(wanted)} in {first}: floors and "
                "errors depend on their number"
            )


def _track(card: Mapping[str, Any]) -> str:
    return card["track"]["digest"][:12] if card["track"] else "none"


def _short(value: Any) -> str:
    return value[:12] if isinstance(value, str) else str(value)


def _sizes(card: Mapping[str, Any], dataset: str) -> set[int]:
    """Numbers of generated stamps of the models of a card; the most that any quantity was measured on."""
    most: dict[str, int] = {}
    for each in card["numbers"]:
        if each["dataset"] == dataset:
            most[each["model"]] = max(most.get(each["model"], 0), each["n_generated"] or 0)
    return set(most.values())


def _words(sizes: set[int]) -> str:
    return " and ".join(map(str, sorted(sizes))) or "no"


def _columns(cards: Mapping[str, Mapping[str, Any]], shared: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """(card, model, heading) of every model, told apart by the card where two have one name."""
    names = [
        (card, each["model"]) for card, own in cards.items() for each in own["numbers"] if each["dataset"] in shared
    ]
    pairs = list(dict.fromkeys(names))
    for card, model in pairs:
        twice = sum(model == other for _, other in pairs) > 1
        yield card, model, f"{model_label(model)} ({card})" if twice else model_label(model)


def _quantities(cards: Mapping[str, Mapping[str, Any]], dataset: str) -> dict[tuple[str, ...], str]:
    """What is called how of a data set, by comparison, metric and property, in the order of the cards."""
    return {
        _key(each)[2:]: each["label"]
        for card in cards.values()
        for each in card["numbers"]
        if each["dataset"] == dataset
    }


def _key(number: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(number[name] for name in ("dataset", "model", "comparison", "metric", "property"))


def _cell(card: Mapping[str, Any], key: tuple[str, ...]) -> str:
    for each in card["numbers"]:
        if _key(each) == key:
            error = f" ± {shown(each['standard_error'])}" if each["standard_error"] is not None else ""
            floor = f" ({shown(each['floor'])})" if each["floor"] is not None else ""
            return f"{shown(each['value'])}{error}{floor}{', at floor' if each['at_floor'] else ''}"
    return ""
