"""Tests import the training code as the scripts do: from this folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
