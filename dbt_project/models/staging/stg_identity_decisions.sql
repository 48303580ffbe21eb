-- One row per identifier or pair of identifiers that somebody decided about: the newest decision on it.
{{ config(materialized='view') }}

with

decisions as (

    select
        if(other_identifier = '', identifier, least(identifier, other_identifier)) as first_identifier,
        if(other_identifier = '', '', greatest(identifier, other_identifier)) as second_identifier,
        (decided_at, toString(decision), reason, decided_by) as told
    from {{ source('reference', 'identity_decisions') }}

),

newest as (

    select
        first_identifier,
        second_identifier,
        max(told) as newest_told
    from decisions
    group by first_identifier, second_identifier

)

select
    first_identifier as identifier,
    second_identifier as other_identifier,
    toLowCardinality(newest_told.2) as decision,
    newest_told.3 as reason,
    newest_told.4 as decided_by,
    newest_told.1 as decided_at
from newest
