"""Fixtures for every test: real servers on free loopback ports, started once per session."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures_warehouse", "tests.fixtures_kafka", "tests.fixtures_pages"]

# Machines are shared and noisy: how long an example takes says nothing about the rule it tests.
_SHARED_MACHINE = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("every commit", _SHARED_MACHINE, max_examples=30)
settings.register_profile("long", _SHARED_MACHINE)


def pytest_configure(config: pytest.Config) -> None:
    """Draw fewer examples where the long proofs are left out, as `make test` does."""
    is_short = "not long" in config.option.markexpr
    settings.load_profile("every commit" if is_short else "long")
