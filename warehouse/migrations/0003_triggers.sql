-- What was fired, for ever: outlives a rebuild, and is what keeps a letter from being written twice.

create database if not exists triggers;

create table triggers.firings
(
    firing_id UUID comment 'uuid5 of trigger, customer, instance and period',
    trigger LowCardinality(String),
    trigger_version String comment 'digest of the definition that decided',
    person String,
    visitor_id String,
    customer_id String,
    instance String comment 'what it is about, empty for once per customer',
    period String comment 'the period of the repeat strategy, ever for once',
    due_at DateTime64(6, 'UTC'),
    decided_at DateTime64(6, 'UTC') comment 'the clock of the run that decided',
    clock LowCardinality(String) comment 'wall or shop',
    facts String comment 'what the decision saw, JSON text'
)
engine = MergeTree
order by (trigger, person, firing_id)
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- One row per firing known to be in the feed.
create table triggers.publications
(
    firing_id UUID,
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    published_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by firing_id
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;
