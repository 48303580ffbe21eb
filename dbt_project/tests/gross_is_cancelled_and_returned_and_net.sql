-- A returned row is an order whose gross revenue is not what was cancelled, what was returned and what is left, or of
-- which more was returned than it was worth.
select
    order_id,
    gross_revenue_minor,
    cancelled_revenue_minor,
    returned_revenue_minor,
    net_revenue_minor
from {{ ref('orders') }}
where
    {{ built_days('ordered_on') }}
    and (
        gross_revenue_minor != cancelled_revenue_minor + returned_revenue_minor + net_revenue_minor
        or not returned_revenue_minor between 0 and greatest(gross_revenue_minor, 0)
        or (is_cancelled and net_revenue_minor != 0)
        or (not is_cancelled and cancelled_revenue_minor != 0)
    )
