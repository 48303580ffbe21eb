{#
    The shop days of this build as a condition on a day column, each widened to both sides by so many days.
    They are from_day to to_day, and the further stretches of also_stretches. The comments around it are for `sql_of_slices`.
#}
{% macro built_days(day_column, before=0, after=0) -%}
    {%- set stretches = [(var('from_day'), var('to_day'))] -%}
    {%- for stretch in var('also_stretches') -%}
        {%- do stretches.append((stretch | first, stretch | last)) -%}
    {%- endfor -%}
    /* days built */ (
    {%- for first, last in stretches -%}
        {{ day_column }} between toDate('{{ first }}') - {{ before }} and toDate('{{ last }}') + {{ after }}
        {%- if not loop.last %} or {% endif -%}
    {%- endfor -%}
    ) /* so far */
{%- endmacro %}


{# The instant a shop day begins in the shop's time zone. #}
{% macro midnight(day_column) -%}
    toDateTime({{ day_column }}, '{{ env_var("SHOP_TIME_ZONE", "UTC") }}')
{%- endmacro %}


{# The instant that stands for «not yet»: the end of what DateTime64 with microseconds can hold. #}
{% macro far_future() -%}
    toDateTime64('2299-12-31 23:59:59', 6, 'UTC')
{%- endmacro %}
