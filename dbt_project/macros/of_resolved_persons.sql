{#
    The rows of a relation whose `person` is the raw name of an event, with the person that it belongs to today: that of
    the first of its names (raw name, customer, phone, e-mail) that shares its person with other identifiers; else, as at
    a till, the customer; else the phone or the e-mail, unless several persons bear it; else the raw name.
    `orchestration.same_person` is the same rule for letters, by visitor and customer.

    An identifier that was never seen with another one has no row among the resolved ones and is its own person. Who
    names nobody has no name at all and stays so.
#}
{% macro of_resolved_persons(relation, identifiers=none) -%}
    {%- set identifiers = identifiers or ref('identifiers') -%}
    {%- set names = {'c': 'customer_id', 'p': 'phone_sha256', 'e': 'email_sha256'} -%}
    select
        {{ relation }}.* except (person),
        {{ relation }}.person as visitor_key,
        multiIf(
            of_visitor.person != '', of_visitor.person,
            {%- for kind, column in names.items() %}
            of_{{ kind }}.person != '' and of_{{ kind }}.is_merged, of_{{ kind }}.person,
            {%- endfor %}
            {{ relation }}.customer_id != '', 'c:' || {{ relation }}.customer_id,
            {{ relation }}.phone_sha256 != '' and not of_p.is_shared, 'p:' || {{ relation }}.phone_sha256,
            {{ relation }}.email_sha256 != '' and not of_e.is_shared, 'e:' || {{ relation }}.email_sha256,
            {{ relation }}.person
        ) as person
    from {{ relation }}
    left join (
        select identifier, person
        from {{ identifiers }}
        where is_merged
    ) as of_visitor on {{ relation }}.person = of_visitor.identifier
    {%- for kind, column in names.items() %}
    left join (
        select substring(identifier, 3) as value, person, is_merged, is_shared
        from {{ identifiers }}
        where (is_merged or is_shared) and startsWith(identifier, '{{ kind }}:')
    ) as of_{{ kind }} on {{ relation }}.{{ column }} = of_{{ kind }}.value
    {%- endfor %}
{%- endmacro %}
