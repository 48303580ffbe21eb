"""How the engine is set up: what a ClickHouse server would have in `config.xml` and a profile.

The engine's own defaults are those of a command-line tool: no fsync, parts deleted at once, no log
of queries, the machine's time zone. A test asserts that what stands here is active.
"""

from __future__ import annotations

import os
from pathlib import Path

from warehouse.settings import WarehouseSettings

QUERY_LOG_DAYS = 14
OWN_DATABASE = "_of_files"  # in it the engine takes every name for a file: dropped once open
EVALUATION = (  # of expressions among rows in VALUES format, also in strings: off unless judged
    "input_format_values_interpret_expressions",
    "input_format_values_deduce_templates_of_expressions",
)
_SHARE_OF_ONE_QUERY = 0.8  # of the memory of all

_CONFIGURATION = """\
<clickhouse>
    <default_database>{own_database}</default_database>
    <max_server_memory_usage_to_ram_ratio>{memory_ratio}</max_server_memory_usage_to_ram_ratio>
    <mark_cache_size>268435456</mark_cache_size>
    <tmp_path>{path}/tmp/</tmp_path>
    <user_files_path>{path}/user_files/</user_files_path>
    <format_schema_path>{path}/format_schemas/</format_schema_path>
    <backups><allowed_path>{path}/backups/</allowed_path></backups>
    <merge_tree>
        <old_parts_lifetime>480</old_parts_lifetime>
        <fsync_after_insert>1</fsync_after_insert>
        <fsync_part_directory>1</fsync_part_directory>
        <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    </merge_tree>
    <query_log>
        <database>system</database>
        <table>query_log</table>
        <ttl>event_date + interval {query_log_days} day delete</ttl>
        <flush_interval_milliseconds>7500</flush_interval_milliseconds>
    </query_log>
</clickhouse>
"""


def write_configuration(settings: WarehouseSettings) -> Path:
    """Write the configuration of a warehouse into its own directory; returns the file."""
    path = settings.path.resolve()
    (path / "tmp").mkdir(parents=True, exist_ok=True)
    file = path / "configuration.xml"
    file.write_text(
        _CONFIGURATION.format(
            path=path,
            own_database=OWN_DATABASE,
            memory_ratio=settings.memory_percent / 100,
            query_log_days=QUERY_LOG_DAYS,
        )
    )
    return file


def connection_settings(settings: WarehouseSettings) -> dict[str, str]:
    """What every connection starts with; a request may ask for something else."""
    ram_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    query_bytes = int(ram_bytes * settings.memory_percent / 100 * _SHARE_OF_ONE_QUERY)
    return {
        "max_memory_usage": str(query_bytes),
        "max_execution_time": str(settings.max_query_seconds),
        "implicit_select": "0",
        "allow_introspection_functions": "0",
        **dict.fromkeys(EVALUATION, "0"),
    }
