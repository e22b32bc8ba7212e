"""Lets these tests import what stands beside them, and what tests share from tests/toys."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
