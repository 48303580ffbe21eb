"""What has to be there before anyone writes or asks: tables, topics, what Dagster loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestration.services.processes import ServiceError
from orchestration.settings import OrchestrationSettings

Say = Callable[[str], None]


def migrate_tables(told: Mapping[str, str], say: Say) -> None:
    """Bring the warehouse's tables up to date."""
    from warehouse.client import Warehouse
    from warehouse.migrate import migrate
    from warehouse.settings import WarehouseSettings

    with Warehouse.connect(WarehouseSettings.from_env(told), "active-analytics up") as warehouse:
        for name in migrate(warehouse):
            say(f"applied {name}")


def make_topics(told: Mapping[str, str]) -> None:
    """Have the topics of events and of letters.

    Raises:
        ServiceError: the broker does not let us.
    """
    from streams.producer import BrokerError, ensure_topics
    from streams.settings import StreamSettings

    try:
        ensure_topics(StreamSettings.from_env(told))
    except BrokerError as error:
        raise ServiceError(str(error)) from None


def prepare_dagster(settings: OrchestrationSettings, say: Say) -> None:
    """Parse dbt's project, make Dagster's home, and end the runs that lost their process.

    Only for a Dagster that does not run: nobody's run may be under way.

    Raises:
        ServiceError: dbt's project cannot be parsed.
    """
    from orchestration.instance import end_lost_runs, opened
    from orchestration.marts.dbt import Dbt, DbtError

    try:
        Dbt(settings.dbt_target).parse_if_edited()
    except DbtError as error:
        raise ServiceError(str(error)) from None
    with opened(settings) as instance:
        lost = end_lost_runs(instance, is_dagster_down=True)
    if lost:
        say(f"{lost} runs of Dagster had lost their process and are failed now")
