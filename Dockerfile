# The one image of everything that is ours: the stream worker, Dagster, the jobs that prepare them.
# Checked by tests/contract/test_compose.py as far as that goes without a Docker engine; never built.

FROM python:3.11.14-slim-bookworm AS environment

# Libraries before code: a change of ours leaves these layers as they are. No extras: the warehouse
# is a server here, and nobody runs tests.
WORKDIR /opt/active-analytics
COPY constraints.txt pyproject.toml ./
ENV UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir --disable-pip-version-check -c constraints.txt uv \
    && python -m venv --without-pip /opt/venv \
    && uv pip install --no-cache --python /opt/venv/bin/python -c constraints.txt -r pyproject.toml

# Installed in place: dbt_project is no Python package, and orchestration looks for it beside itself.
COPY README.md LICENSE ./
COPY warehouse warehouse
COPY streams streams
COPY orchestration orchestration
COPY dbt_project dbt_project
RUN uv pip install --no-cache --python /opt/venv/bin/python --no-deps -e .


FROM python:3.11.14-slim-bookworm

RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/active-analytics active-analytics
COPY --from=environment /opt/venv /opt/venv
COPY --from=environment /opt/active-analytics /opt/active-analytics

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LOCAL_HOME=/var/lib/active-analytics \
    DAGSTER_HOME=/var/lib/active-analytics/dagster

# Faust and Dagster write where they stand. A volume mounted at DAGSTER_HOME, or where the collector
# has its spool, inherits the owner of that folder.
USER active-analytics
WORKDIR /var/lib/active-analytics
RUN mkdir dagster collector \
    && python -c "from orchestration.marts.dbt import Dbt; \
from orchestration.settings import OrchestrationSettings; \
Dbt(OrchestrationSettings.from_env().dbt_target).parse()"

CMD ["active-analytics", "--help"]
