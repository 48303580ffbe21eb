{#
    The rows of a relation whose `person` is the raw name of an event, with the person that it belongs to today: that of
    the visitor if he shares it with other identifiers; else, at a shared or too-large visitor, that of the customer whom
    the event names; else the visitor himself. `orchestration.same_person` is the same rule for letters.

    An identifier that was never seen with another one has no row among the resolved ones and is its own person.
#}
{% macro of_resolved_persons(relation, identifiers=none) -%}
    {%- set identifiers = identifiers or ref('identifiers') -%}
    select
        {{ relation }}.* except (person),
        {{ relation }}.person as visitor_key,
        multiIf(
            of_visitor.person != '', of_visitor.person,
            {{ relation }}.customer_id = '', {{ relation }}.person,
            of_customer.person != '', of_customer.person,
            'c:' || {{ relation }}.customer_id
        ) as person
    from {{ relation }}
    left join (
        select identifier, person
        from {{ identifiers }}
        where is_merged
    ) as of_visitor on {{ relation }}.person = of_visitor.identifier
    left join (
        select identifier, person
        from {{ identifiers }}
        where is_merged and startsWith(identifier, 'c:')
    ) as of_customer on 'c:' || {{ relation }}.customer_id = of_customer.identifier
{%- endmacro %}
