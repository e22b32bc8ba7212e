"""Linear algebra on one thread: on shared cores threads of small matrices wait for each other longer than they work."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    with threadpool_limits(limits=1):
        yield
