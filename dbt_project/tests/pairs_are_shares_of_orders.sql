-- A returned row is a pair that is out of order, or that more orders hold than hold one of its products.
select
    sku_a,
    sku_b,
    orders_together,
    orders_a,
    orders_b
from {{ ref('bought_together') }}
where
    sku_a >= sku_b
    or orders_together > least(orders_a, orders_b)
    or not (support > 0 and support <= confidence_a_b and support <= confidence_b_a)
    or not (confidence_a_b <= 1 and confidence_b_a <= 1 and lift > 0)
