"""The engine's configuration file: what a ClickHouse server would have in `config.xml`."""

from __future__ import annotations

from pathlib import Path

from warehouse.settings import WarehouseSettings

_CONFIGURATION = """\
<clickhouse>
    <max_server_memory_usage_to_ram_ratio>{memory_ratio}</max_server_memory_usage_to_ram_ratio>
    <mark_cache_size>268435456</mark_cache_size>
    <tmp_path>{path}/tmp/</tmp_path>
    <user_files_path>{path}/user_files/</user_files_path>
    <format_schema_path>{path}/format_schemas/</format_schema_path>
    <merge_tree>
        <old_parts_lifetime>480</old_parts_lifetime>
        <fsync_after_insert>1</fsync_after_insert>
        <fsync_part_directory>1</fsync_part_directory>
        <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    </merge_tree>
    <query_log>
        <database>system</database>
        <table>query_log</table>
        <ttl>event_date + interval 14 day delete</ttl>
        <flush_interval_milliseconds>7500</flush_interval_milliseconds>
    </query_log>
</clickhouse>
"""


def write_configuration(settings: WarehouseSettings) -> Path:
    """Write the configuration of a warehouse into its own directory; returns the file."""
    path = settings.path.resolve()
    (path / "tmp").mkdir(parents=True, exist_ok=True)
    file = path / "configuration.xml"
    file.write_text(_CONFIGURATION.format(path=path, memory_ratio=settings.memory_percent / 100))
    return file
