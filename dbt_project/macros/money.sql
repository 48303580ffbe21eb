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


{#
    The one rounding rule of all money: to whole minor units, half a unit away from zero, so that what is given back is
    rounded as what was paid. `streams.told` computes lines by the same rule. ClickHouse's own `round` takes half a unit
    to the even neighbour.
#}
{% macro rounded_minor(amount) -%}
    toInt64(sign({{ amount }}) * floor(abs({{ amount }}) + 0.5))
{%- endmacro %}


{# An amount in minor units of an order's currency, in those of the shop. #}
{% macro in_shop_currency(amount, factor) -%}
    {{ rounded_minor('(' ~ amount ~ ' * ' ~ factor ~ ')') }}
{%- endmacro %}
