-- Who did what: builds of shop days, and the log of processes.

create database if not exists operations;

-- One row per shop day and build: how many arrivals of the day the marts have seen. A day whose arrivals in the
-- ledger exceed its newest build is dirty. Counts, not clocks: a late range cannot slip in between.
create table operations.day_builds
(
    shop_day Date,
    arrivals UInt64,
    built_at DateTime64(6, 'UTC'),
    run_id String
)
engine = MergeTree
order by (shop_day, built_at);

create table operations.process_log
(
    logged_at DateTime64(6, 'UTC'),
    process LowCardinality(String),
    level LowCardinality(String) comment 'notice, warning or error',
    message String,
    details String comment 'JSON text'
)
engine = MergeTree
partition by toYYYYMM(logged_at)
order by (logged_at, process)
ttl toDateTime(logged_at) + interval 400 day;
