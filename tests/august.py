"""The real data beside the project: proofs on it run where it is and are skipped elsewhere."""

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "shared" / "data"
AUGUST = DATA / "ga_merch_store_2016-08"
ONLINE_RETAIL = DATA / "online_retail"


def needs(folder: Path) -> pytest.MarkDecorator:
    """Skip with the reason where the data is not at hand."""
    place = f"../shared/data/{folder.name}"
    return pytest.mark.skipif(not folder.is_dir(), reason=f"{place} is not beside the project")
