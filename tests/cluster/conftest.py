"""Tests on a real SLURM; ``make test-cluster`` starts it and them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scenario import Scenario
from undisturbed import FOLDER_VARIABLE, cluster_of

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, and skip it where no cluster was started."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.cluster)
            if FOLDER_VARIABLE not in os.environ:
                item.add_marker(pytest.mark.skip(reason="a SLURM cluster is started by `make test-cluster`"))


@pytest.fixture(scope="session", autouse=True)
def no_scontrol() -> None:
    """Here the real one is wanted, not the stand-in of the other tests."""


@pytest.fixture
def scenario(tmp_path: Path) -> Iterator[Callable[[str], Scenario]]:
    """Makes a scenario on a partition; whatever the test leaves running is ended."""
    made = []

    def make(partition: str) -> Scenario:
        made.append(Scenario(cluster_of(Path(os.environ[FOLDER_VARIABLE])), partition, tmp_path))
        made[-1].prepare()
        return made[-1]

    yield make
    for each in made:
        each.close()
