{#
    The shop of a source: its first path segment (`/shop.de/billing` is of `/shop.de`), or the host of a source that is a
    URL. A source without any is its own shop.
#}
{% macro shop_of(source) -%}
    if(
        empty(extract({{ source }}, '^(?:[a-z][a-z0-9+.-]*://)?/?[^/]+')),
        toString({{ source }}),
        extract({{ source }}, '^(?:[a-z][a-z0-9+.-]*://)?/?[^/]+')
    )
{%- endmacro %}


{#
    What an order is known by: its number, where numbers are unique over all sources (ORDER_NUMBERS=global), else the
    number behind the shop that gave it (per_source).
#}
{% macro order_key(source, order_number) -%}
    {%- set numbers = env_var("ORDER_NUMBERS", "global") or "global" -%}
    {%- if numbers == 'per_source' -%}
        {{ shop_of(source) }} || '#' || {{ order_number }}
    {%- elif numbers == 'global' -%}
        {{ order_number }}
    {%- else -%}
        {%- do exceptions.raise_compiler_error('ORDER_NUMBERS=' ~ numbers ~ ' is neither global nor per_source') -%}
    {%- endif -%}
{%- endmacro %}
