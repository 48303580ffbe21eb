-- One row per order event: an order (or one more copy of it), its change, payment, shipment, cancellation or return.
--
-- Of the whole history and not of the built days: an order is merged from its copies wherever they lie, and its row
-- must not depend on which days were built before.
{{ config(materialized='table', order_by=['order_id', 'occurred_at', 'event_id']) }}

with

events as (

    {{ first_copies(
        "kind in ('order.placed', 'order.changed', 'order.paid', 'order.shipped', 'order.cancelled', 'order.returned') and order_id != ''"
    ) }}

),

resolved_events as (

    {{ of_resolved_persons('events') }}

),

-- a change or a return that tells no currency is in that of its order
orders_with_currency as (

    select
        *,
        argMinIf(
            currency,
            (occurred_at, visit_sequence, event_id),
            kind in ('order.placed', 'order.changed') and currency != ''
        ) over (partition by {{ order_key('source', 'order_id') }}) as currency_of_order
    from resolved_events

)

select
    event_id,
    {{ order_key('source', 'orders_with_currency.order_id') }} as order_id,
    orders_with_currency.order_id as order_number,
    kind,
    source,
    occurred_at,
    occurred_on,
    person,
    visitor_id,
    customer_id,
    visit_id,
    visit_sequence,
    origin,
    channel,
    channel_source,
    is_revenue_known,
    revenue_minor,
    tax_minor,
    shipping_minor,
    toLowCardinality(if(
        orders_with_currency.currency = '' and kind != 'order.placed',
        toString(currency_of_order),
        toString(orders_with_currency.currency)
    )) as currency,
    return_id,
    product_skus,
    product_names,
    product_categories,
    product_variants,
    product_prices_minor,
    product_quantities,
    product_discounts_minor,
    product_revenues_minor
from orders_with_currency
