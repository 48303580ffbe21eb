-- One row per order and currency that its events tell: what it was worth in the shop's on the day of the order.
--
-- The rate is that of the day, or the last one published before it: banks publish none on weekends and holidays. One
-- that is older than `rate_max_age_days` is no rate: then amounts count 0 until their rate is loaded. An event that
-- tells no currency tells the shop's own.
{{ config(materialized='view') }}

with

order_events as (

    select order_id, kind, occurred_on, occurred_at, visit_sequence, event_id, currency
    from {{ ref('stg_orders') }}

),

orders as (

    select
        order_id,
        argMin(occurred_on, (kind != 'order.placed', occurred_at, visit_sequence, event_id)) as ordered_on
    from order_events
    where kind in ('order.placed', 'order.changed')
    group by order_id

),

currencies as (

    select distinct
        order_events.order_id as order_id,
        order_events.currency as currency,
        orders.ordered_on as ordered_on
    from order_events
    inner join orders on order_events.order_id = orders.order_id

),

rates as (

    select
        currency,
        rate_on,
        argMax((toFloat64(rate), source), (loaded_at, rate)) as published
    from {{ source('reference', 'currency_rates') }}
    where to_currency = {{ shop_currency() }}
    group by currency, rate_on

),

last_rates as (

    select
        currencies.order_id as order_id,
        currencies.ordered_on as ordered_on,
        currencies.currency as currency,
        rates.rate_on as published_on,
        rates.published as published,
        {{ shop_currency() }} = '' or currency in ('', {{ shop_currency() }}) as is_own,
        published_on >= ordered_on - {{ var('rate_max_age_days') }} as is_young_enough
    from currencies
    asof left join rates on currencies.currency = rates.currency and currencies.ordered_on >= rates.rate_on

)

select
    order_id,
    toLowCardinality(currency) as currency,
    toBool(is_own or is_young_enough) as is_rate_known,
    multiIf(is_own, 1., is_young_enough, published.1, 0.) as currency_rate,
    multiIf(is_own, ordered_on, is_young_enough, published_on, toDate(0)) as rate_on,
    toLowCardinality(if(not is_own and is_young_enough, published.2, '')) as rate_source,
    if(
        is_own,
        1.,
        currency_rate * pow(10, {{ minor_digits(shop_currency()) }} - {{ minor_digits('currency') }})
    ) as factor,
    if(is_own, 0, cityHash64(currency, currency_rate, rate_on, rate_source)) as rate_fingerprint
from last_rates
