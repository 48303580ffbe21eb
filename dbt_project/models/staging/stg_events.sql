-- One row per event: copies under one event id are removed, whichever day they claim, and so are bots.
{{ config(
    materialized='shop_days',
    partition_by='occurred_on',
    order_by=['person', 'occurred_at', 'event_id'],
    meta={'days_before': 1, 'days_after': 1}
) }}

with

events as (

    {{ first_copies(built_days('occurred_on', before=1, after=1)) }}

),

resolved_events as (

    {{ of_resolved_persons('events') }}

)

select
    event_id,
    kind,
    is_activity,
    source,
    occurred_at,
    occurred_on,
    person,
    visitor_key,
    visitor_id,
    customer_id,
    visit_id,
    visit_number,
    visit_sequence,
    origin,
    channel,
    channel_source,
    is_channel_direct,
    page_url,
    page_title,
    referrer,
    campaign_source,
    campaign_medium,
    campaign_name,
    -- a source that says «(direct)» tells no campaign
    if(
        campaign_source = '(direct)'
        or concat(campaign_source, campaign_medium, campaign_name, campaign_term, campaign_content, click_id) = '',
        toUInt64(0),
        cityHash64(campaign_source, campaign_medium, campaign_name, campaign_term, campaign_content, click_id)
    ) as campaign_fingerprint,
    order_id,
    product_skus,
    product_names,
    product_categories,
    product_variants,
    product_urls,
    product_prices_minor,
    product_quantities,
    detail,
    derived_channel,
    device_class,
    browser,
    os,
    country,
    region,
    referrer_source,
    click_network,
    partner_track_id,
    page_kind,
    site_zone,
    page_url_clean,
    search_words,
    product_brands,
    product_positions
from resolved_events
where bot_verdict != 'bot'
