"""Fixtures for every test: real servers on free loopback ports, started once per session."""

pytest_plugins = ["tests.fixtures_warehouse", "tests.fixtures_kafka"]
