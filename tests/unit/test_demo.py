from pathlib import Path

import pytest

from orchestration.demo import DemoError, play_of, refuse_other_machines, settle
from orchestration.local_env import load, remember, remembered


def test_without_a_folder_a_generated_shop_is_played() -> None:
    assert play_of(None).publish == ("import", "simulated")


def test_a_folder_without_the_months_files_is_refused_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "hits.parquet").touch()
    with pytest.raises(DemoError, match=r"no sessions\.parquet"):
        play_of(tmp_path)


@pytest.mark.parametrize(
    ("variable", "address"),
    [("KAFKA_BROKERS", "kafka.example:9092"), ("WAREHOUSE_URL", "https://warehouse.example")],
)
def test_a_played_shop_never_reaches_another_machine(
    monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    monkeypatch.setenv(variable, address)
    with pytest.raises(DemoError, match="this machine only"):
        refuse_other_machines()


def test_a_home_that_holds_another_shop_is_refused(tmp_path: Path) -> None:
    remember(tmp_path, {"SHOP_TIME_ZONE": "America/Los_Angeles"})
    with pytest.raises(DemoError, match="holds another shop"):
        settle(play_of(None), tmp_path)


def test_remembered_settings_complete_the_environment_which_wins(tmp_path: Path) -> None:
    remember(tmp_path, {"SHOP_TIME_ZONE": "Asia/Tokyo", "SHOP_HOSTS": "shop.example"})
    environ = {"LOCAL_HOME": str(tmp_path), "SHOP_HOSTS": "other.example"}
    load(environ)
    assert environ["SHOP_TIME_ZONE"] == "Asia/Tokyo"
    assert environ["SHOP_HOSTS"] == "other.example"
    assert remembered(tmp_path / "elsewhere") == {}
