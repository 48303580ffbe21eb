{# The shop's own currency (ISO 4217); without one nothing is converted. #}
{% macro shop_currency() -%}
    '{{ env_var("SHOP_CURRENCY", "") }}'
{%- endmacro %}


{# How many digits the minor unit of a currency has (ISO 4217): 2 but for these, as in streams/currencies.py. #}
{% macro minor_digits(currency) -%}
    {%- set exceptions = {
        0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
        3: 'BHD IQD JOD KWD LYD OMR TND',
        4: 'CLF UYW'
    } -%}
    multiIf(
    {%- for digits, currencies in exceptions.items() %}
        {{ currency }} in ('{{ currencies.split() | join("', '") }}'), {{ digits }},
    {%- endfor %}
        2
    )
{%- endmacro %}


{# An amount in minor units of an order's currency, in those of the shop: half a unit is rounded up. #}
{% macro in_shop_currency(amount, factor) -%}
    toInt64(floor({{ amount }} * {{ factor }} + 0.5))
{%- endmacro %}
