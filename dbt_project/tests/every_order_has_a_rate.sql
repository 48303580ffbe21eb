-- A returned row is an order whose amounts count nothing, because the rate of its currency is not loaded. It is a
-- warning: the day becomes dirty when the rate arrives.
{{ config(severity='warn') }}

select
    order_id,
    ordered_on,
    currency
from {{ ref('orders') }}
where not is_rate_known and {{ built_days('ordered_on') }}
