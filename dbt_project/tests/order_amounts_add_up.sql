-- A returned row is an order whose lines do not add up to what it says of them, or which has a revenue nobody told.
with

lines as (

    select
        order_id,
        count() as line_count,
        sum(revenue_minor) as lines_minor
    from {{ ref('order_lines') }}
    where {{ built_days('ordered_on') }}
    group by order_id

)

select
    orders.order_id,
    orders.line_count as told_lines,
    lines.line_count as lines_there
from {{ ref('orders') }} as orders
left join lines on orders.order_id = lines.order_id
where
    {{ built_days('ordered_on') }}
    and (
        orders.line_count != lines.line_count
        or orders.lines_minor != lines.lines_minor
        or orders.gross_revenue_minor != orders.lines_minor + orders.lines_difference_minor
        or (orders.gross_revenue_minor != 0 and not orders.is_revenue_known)
    )
