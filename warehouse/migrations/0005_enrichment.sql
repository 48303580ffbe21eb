-- What a raw event knows beside itself: who it was, where from, with what. `enrichment_version` says by which tables.

create database if not exists reference;

-- One row per state of the rules and tables that enrichment used, newest last.
create table reference.enrichment_versions
(
    version UInt32 comment 'counted from 1; analytics.events names it on every row',
    digest String comment 'SHA-256 over all parts, in hex',
    parts Map(String, String) comment 'the code''s own version and the digest of each table',
    registered_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by version;

-- What one unit of a currency was worth on a day.
create table reference.currency_rates
(
    rate_on Date,
    currency LowCardinality(String),
    to_currency LowCardinality(String),
    rate Decimal(28, 12) comment 'units of to_currency for one unit of currency',
    source LowCardinality(String) comment 'who published it',
    loaded_at DateTime64(6, 'UTC') comment 'of two rates for one day the one loaded last counts'
)
engine = ReplacingMergeTree(loaded_at)
order by (to_currency, currency, rate_on);

-- What people decided about identifiers, for ever: outlives a rebuild. The newest decision on the same counts.
create table reference.identity_decisions
(
    identifier String comment 'kind and value, such as v:8a7f',
    other_identifier String comment 'of a pair; empty when the decision is about the one alone',
    decision LowCardinality(String) comment 'apart: is not joined through here; joined: the decision before is taken back',
    reason String,
    decided_by String,
    decided_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by (identifier, other_identifier, decided_at);

alter table analytics.events
    add column body_fingerprint UInt64 comment 'XXH3 of the message as received; 0 before enrichment 1' after event_id,
    add column enrichment_version UInt32 comment 'of reference.enrichment_versions; 0 before there was one' after generation,
    add column email_sha256 String after customer_id,
    add column phone_sha256 String after email_sha256,
    add column partner_id String comment 'how a partner names the visitor' after phone_sha256,
    add column user_agent String codec(ZSTD(3)),
    add column device_class LowCardinality(String) comment 'desktop, mobile, tablet, tv, console, wearable, other; empty without a user agent',
    add column device_brand LowCardinality(String),
    add column browser LowCardinality(String),
    add column browser_version LowCardinality(String),
    add column os LowCardinality(String),
    add column os_version LowCardinality(String),
    add column bot_verdict LowCardinality(String) comment 'bot or human; empty without a user agent',
    add column bot_reasons Array(LowCardinality(String)) comment 'what gave the bot away',
    add column language LowCardinality(String),
    add column network String comment 'the address cut to /24 or /48',
    add column country LowCardinality(String) comment 'ISO 3166-1 alpha-2, empty when unknown',
    add column region LowCardinality(String),
    add column time_zone LowCardinality(String),
    add column referrer_medium LowCardinality(String) comment 'search, social, video, shopping, email, ai, ads, referral, internal, payment or empty',
    add column referrer_source LowCardinality(String) comment 'name of the site, such as Google',
    add column referrer_term String comment 'search words of the referring URL',
    add column campaign_term String,
    add column campaign_content String,
    add column click_id String,
    add column click_network LowCardinality(String) comment 'whose click id it is, such as Google Ads',
    add column partner_track_id String comment 'partner''s parameter of the page''s URL',
    add column derived_channel LowCardinality(String) comment 'channel by our rules, also where the source declares one',
    add column page_kind LowCardinality(String),
    add column site_zone LowCardinality(String),
    add column page_url_clean String comment 'page_url without tracking parameters and fragment',
    add column search_words String comment 'what was searched on the site, normalised',
    add column product_brands Array(String),
    add column product_positions Array(UInt32),
    add index offsets offset type minmax; -- enriching anew goes through the events by their offsets

-- Every two identifiers seen together in one event. Derived from events, hence made anew and not converted.
drop table analytics.identity_pairs;

create table analytics.identity_pairs
(
    identifier String comment 'kind and value: c: customer, p: phone, e: e-mail, v: visitor, t: partner''s',
    other_identifier String comment 'of lower rank',
    first_seen_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')),
    last_seen_at SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
engine = AggregatingMergeTree
order by (identifier, other_identifier);

insert into analytics.identity_pairs
select
    'c:' || customer_id,
    'v:' || visitor_id,
    min(occurred_at),
    max(occurred_at)
from analytics.events
where customer_id != '' and visitor_id != ''
group by customer_id, visitor_id;

-- Why a day must be built anew although nothing arrived: persons were merged, events were enriched anew.
create table operations.day_marks
(
    shop_day Date,
    reason LowCardinality(String) comment 'persons or enrichment',
    marked_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by (shop_day, marked_at);

alter table operations.day_builds add column marks Map(String, UInt64) comment 'marks of the day that the build has seen, by reason' after arrivals;
