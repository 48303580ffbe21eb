-- The analytic base: one row per event that could be read, typed and enriched. A rebuild makes it anew.

create database if not exists analytics;

create table analytics.events
(
    event_id String comment 'the shop''s own id of the event; copies carry the same',
    kind LowCardinality(String) comment 'CloudEvents type, such as order.placed',
    source LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    occurred_on Date comment 'day of occurred_at in the shop''s time zone',
    person String comment 'v:<visitor id>, else c:<customer id>',
    visitor_id String,
    customer_id String,
    visit_id String comment 'the source''s own visit, empty when not told',
    visit_number UInt32 comment '0 when not told',
    visit_sequence UInt32 comment 'order within the visit, 0 when not told',
    origin LowCardinality(String) comment 'live or import',
    channel LowCardinality(String),
    channel_source LowCardinality(String) comment 'declared or derived',
    page_url String,
    page_title String,
    referrer String,
    campaign_source LowCardinality(String),
    campaign_medium LowCardinality(String),
    campaign_name String,
    order_id String,
    is_revenue_known Bool comment 'whether the event tells the order''s revenue',
    revenue_minor Int64,
    tax_minor Int64,
    shipping_minor Int64,
    currency LowCardinality(String),
    product_skus Array(String),
    product_names Array(String),
    product_categories Array(String),
    product_variants Array(String),
    product_prices_minor Array(Int64),
    product_quantities Array(UInt32),
    product_revenues_minor Array(Int64) comment '0 when not told',
    detail String comment 'what the kind adds: search words, list or promotion name, checkout step, letter id, reason',
    context String codec(ZSTD(3)) comment 'photographic context, JSON text',
    topic LowCardinality(String),
    partition UInt32,
    offset UInt64,
    generation UInt32,
    broker_time DateTime64(3, 'UTC')
)
engine = MergeTree
partition by toYYYYMM(occurred_on)
order by (occurred_on, person, occurred_at, event_id)
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- Identifiers seen together in one event: what persons are resolved from.
create table analytics.identity_pairs
(
    visitor_id String,
    customer_id String,
    first_seen_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen_at SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
engine = AggregatingMergeTree
order by (visitor_id, customer_id);
