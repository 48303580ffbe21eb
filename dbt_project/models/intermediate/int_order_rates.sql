-- One row per order: what its currency was worth in the shop's on the day of the order.
--
-- The rate is that of the day, or the last one published before it: banks publish none on weekends and holidays. One
-- that is older than `rate_max_age_days` is no rate: then the order counts 0 until its rate is loaded.
{{ config(materialized='view') }}

with

orders as (

    select
        order_id,
        argMin(occurred_on, (occurred_at, visit_sequence, event_id)) as ordered_on,
        argMinIf(currency, (occurred_at, visit_sequence, event_id), currency != '') as currency
    from {{ ref('stg_orders') }}
    where kind = 'order.placed'
    group by order_id

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
        orders.order_id as order_id,
        orders.ordered_on as ordered_on,
        orders.currency as currency,
        rates.rate_on as published_on,
        rates.published as published,
        {{ shop_currency() }} = '' or currency in ('', {{ shop_currency() }}) as is_own,
        published_on >= ordered_on - {{ var('rate_max_age_days') }} as is_young_enough
    from orders
    asof left join rates on orders.currency = rates.currency and orders.ordered_on >= rates.rate_on

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
    ) as factor
from last_rates
