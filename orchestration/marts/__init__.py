"""Marts under Dagster: dbt's models as assets of shop days, their tests as checks, a schedule.

One run builds a day or a stretch of days, in one process and by the same steps, whether a person,
the schedule or a backfill asked for it.
"""
