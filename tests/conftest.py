"""Fixtures for every test: real servers on free loopback ports, started once per session."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures_warehouse", "tests.fixtures_kafka", "tests.fixtures_pages"]

# Machines are shared and noisy: how long an example takes says nothing about the rule it tests.
settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("shared machine")
