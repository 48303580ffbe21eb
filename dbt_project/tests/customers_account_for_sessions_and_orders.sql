-- A returned row says that customers add up to other sessions, events, orders or revenue than there are.
with

customers as (

    select
        sum(session_count) as sessions,
        sum(event_count) as events,
        sum(server_event_count) as server_events,
        sum(order_count) as orders,
        sum(gross_revenue_minor) as gross_revenue,
        sum(net_revenue_minor) as net_revenue
    from {{ ref('customers') }}

),

all_sessions as (

    select
        count() as sessions,
        sum(event_count) as events,
        sum(server_event_count) as server_events
    from {{ ref('sessions') }}

),

outside as (

    select countIf(outside_reason = 'server') as server_events
    from {{ ref('int_events_sessionized') }}

),

all_orders as (

    select
        count() as orders,
        sum(gross_revenue_minor) as gross_revenue,
        sum(net_revenue_minor) as net_revenue
    from {{ ref('orders') }}

)

select
    customers.sessions as sessions_of_customers,
    all_sessions.sessions as sessions_there,
    customers.orders as orders_of_customers,
    all_orders.orders as orders_there
from customers
cross join all_sessions
cross join outside
cross join all_orders
where
    customers.sessions != all_sessions.sessions
    or customers.events != all_sessions.events
    or customers.server_events != all_sessions.server_events + outside.server_events
    or customers.orders != all_orders.orders
    or customers.gross_revenue != all_orders.gross_revenue
    or customers.net_revenue != all_orders.net_revenue
