-- One row per identifier that some pair joins to others, with the component it is in.
--
-- This query gives each identifier next to those it is joined to; the materialization follows them to the end.
{{ config(materialized='connected', order_by='identifier') }}

with

edges as (

    select identifier, other_identifier
    from {{ ref('stg_identity_edges') }}

)

select
    edges.identifier as identifier,
    edges.other_identifier as component
from edges

union all

select
    edges.other_identifier as identifier,
    edges.identifier as component
from edges
