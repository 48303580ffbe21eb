-- A returned row is a day with other cart additions than staging holds, or with one whose next one came before it.
with

additions as (

    select
        added_on as shop_day,
        count() as addition_count,
        countIf(next_added_at < added_at) as turned_count
    from {{ ref('cart_additions') }}
    where {{ built_days('added_on') }}
    group by shop_day

),

staged as (

    select
        occurred_on as shop_day,
        count() as addition_count
    from {{ ref('stg_events') }}
    where kind = 'cart.item_added' and {{ built_days('occurred_on') }}
    group by shop_day

)

select
    shop_day,
    additions.addition_count as addition_count,
    staged.addition_count as staged_count
from additions
full outer join staged using (shop_day)
where additions.addition_count != staged.addition_count or additions.turned_count > 0
