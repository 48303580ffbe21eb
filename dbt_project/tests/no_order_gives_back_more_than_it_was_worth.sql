-- A returned row is an order whose returns give back more than it was worth. It is a warning: the excess counts
-- nowhere.
{{ config(severity='warn') }}

select
    order_id,
    ordered_on,
    gross_revenue_minor,
    returned_excess_minor
from {{ ref('orders') }}
where returned_excess_minor != 0 and {{ built_days('ordered_on') }}
