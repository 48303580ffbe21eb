{# A returned row is a key that more than one row has; with a day column, looked for on the built days only. #}
{% test unique_by(model, columns, day_column=none) %}

select
    {{ columns | join(', ') }},
    count() as row_count
from {{ model }}
{% if day_column -%}
where {{ built_days(day_column) }}
{% endif -%}
group by {{ columns | join(', ') }}
having row_count > 1

{% endtest %}
