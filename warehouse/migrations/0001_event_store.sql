-- What the shop sent, as received, for ever. A rebuild never cleans these tables.

create database if not exists event_store;

-- One row per Kafka message. Partitioned by the month of ingestion, which is constant per stored range,
-- so that the insert of a range is one part and therefore there whole or not at all.
create table event_store.event_log
(
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    generation UInt32 comment 'which assignment of the partition wrote the row; the highest one counts',
    key String,
    headers Array(Tuple(name String, value String)),
    broker_time DateTime64(3, 'UTC'),
    payload String codec(ZSTD(3)) comment 'bytes as received',
    ingested_at DateTime64(6, 'UTC') comment 'equal for all rows of a stored range'
)
engine = MergeTree
partition by toYYYYMM(ingested_at)
order by (topic, partition, offset)
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- One row per message that could not be read, with every reason.
create table event_store.dead_letters
(
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    generation UInt32,
    key String,
    payload String codec(ZSTD(3)),
    failure LowCardinality(String) comment 'malformed, unknown_kind, invalid or too_large',
    errors Array(String) comment 'every reason found, most important first',
    contract_version UInt16,
    broker_time DateTime64(3, 'UTC'),
    ingested_at DateTime64(6, 'UTC')
)
engine = MergeTree
partition by toYYYYMM(ingested_at)
order by (topic, partition, offset)
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- The ledger, written last: a row says that offsets [from_offset, to_offset] of a partition are stored.
create table event_store.ranges
(
    topic_id String comment 'the broker''s id of the topic: a topic made anew is another one',
    topic LowCardinality(String),
    partition UInt32,
    generation UInt32,
    from_offset UInt64,
    to_offset UInt64 comment 'inclusive',
    event_count UInt32,
    dead_letter_count UInt32,
    gaps Array(Tuple(from_offset UInt64, to_offset UInt64)) comment 'offsets the broker does not hold: markers, compaction',
    arrivals Map(Date, UInt32) comment 'events of the range per shop day',
    occurred_max DateTime64(6, 'UTC') comment 'largest event time of the range; 1970-01-01 when it holds no event',
    stored_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by (topic, partition, from_offset, generation)
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- Who reads a partition from where: one row per assignment, so that no two assignments share a generation.
create table event_store.claims
(
    topic LowCardinality(String),
    partition UInt32,
    generation UInt32,
    owner String comment 'random name of the assignment',
    next_offset UInt64,
    claimed_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by (topic, partition, generation)
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- Which generation owns the offsets from one claim to the next: the highest that claimed them.
create view event_store.owners as
select
    topic,
    partition,
    next_offset as from_offset,
    max(max(generation)) over (partition by topic, partition order by next_offset rows unbounded preceding) as generation
from event_store.claims
group by topic, partition, next_offset;

-- The ranges that count: those written by the owner of their offsets. What a woken zombie recorded is not among them.
create view event_store.stored_ranges as
select ranges.*
from event_store.ranges as ranges
asof inner join event_store.owners as owners
    on ranges.topic = owners.topic and ranges.partition = owners.partition and ranges.from_offset >= owners.from_offset
where ranges.generation = owners.generation;
