-- What usual shops send: quantities that are fractions, lines without revenue, orders that change, details that
-- cannot be read. Rows from before bear their meaning of then until `active-analytics enrich` has made them again.

alter table analytics.events
    modify column product_quantities Array(Decimal(18, 6)) comment '0 when not told; negative for a line given back',
    modify column product_revenues_minor Array(Int64) comment 'of an order''s line that tells none: price x quantity less discount',
    add column product_discounts_minor Array(Int64) comment 'of the whole line' after product_quantities,
    add column product_urls Array(String) after product_variants,
    add column return_id String comment 'the shop''s own id of a return' after currency,
    add column is_activity Bool comment 'whether a visitor did it: by its kind, and with a page or a client' after kind,
    add column is_channel_direct Bool comment 'whether the channel says nothing of where the visitor came from' after channel_source,
    add column warnings Array(Tuple(code LowCardinality(String), field LowCardinality(String))) comment 'what was left out or mended' after context,
    modify column person String comment 'v:<visitor id>, else c:<customer id>, p:, e:, t: of other identifiers, else o:<order id>; empty when nobody is named';
