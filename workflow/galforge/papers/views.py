"""What is shown of a laid-out table at a time: the columns of one protocol, with printed values below their own."""

from dataclasses import dataclass, replace

from galforge.papers.cells import PROTOCOLS, Block, Cell, Column, Row
from galforge.papers.printed import printed_model


@dataclass(frozen=True)
class View:
    """Columns of one kind, and the rows that have a value in one of them."""

    kind: str
    columns: list[Column]
    rows: list[Row]

    @property
    def what(self) -> str:
        """The kind in words."""
        return PROTOCOLS[self.kind]

    @property
    def totals(self) -> list[Row]:
        """The rows that the page shows first."""
        return [row for row in self.rows if row.total]

    @property
    def samples(self) -> str:
        """What the columns were measured on and by which engine; once where it is the same for all."""
        found: dict[str, list[str]] = {}
        for column in self.columns:
            engine = f"engine {column.engine}" if column.engine else ""
            if said := ", ".join(filter(None, (column.sizes, engine))):
                found.setdefault(said, []).append(column.label)
        if len(found) == 1 and len(next(iter(found.values()))) == len(self.columns):
            return next(iter(found))
        return "; ".join(f"{', '.join(labels)}: {said}" for said, labels in found.items())


def views(block: Block) -> list[View]:
    """The views of a block, in the order of its columns.

    A printed value stands in the cell of its model under the published protocol, which is the one it may be compared
    with. Printed values of models without such a column are a view of their own.
    """
    kinds = dict.fromkeys(column.kind for column in block.columns)
    models = {printed_model(column.model) for column in block.columns if column.kind == "published"}
    out = []
    for kind in kinds:
        own = [
            number
            for number, column in enumerate(block.columns)
            if column.kind == kind and not (kind == "printed" and column.model in models)
        ]
        columns = [block.columns[number] for number in own]
        beside = [_printed(block, column) if kind == "published" else None for column in columns]
        rows = []
        for row in block.rows:
            cells = [
                _with_printed(row.cells[number], None if place is None else row.cells[place])
                for number, place in zip(own, beside, strict=True)
            ]
            if any(cells):
                rows.append(replace(row, cells=cells))
        # A table without a single value still shows its rows.
        if columns:
            rows = rows or [replace(row, cells=[row.cells[number] for number in own]) for row in block.rows]
            out.append(View(kind, columns, rows))
    return out


def _printed(block: Block, column: Column) -> int | None:
    """Number of the column with the printed values of a model; None where nothing of it was printed."""
    name = printed_model(column.model)
    found = (number for number, each in enumerate(block.columns) if each.kind == "printed" and each.model == name)
    return next(found, None)


def _with_printed(cell: Cell | None, printed: Cell | None) -> Cell | None:
    return cell if printed is None else replace(cell or Cell(""), printed=printed.value)
