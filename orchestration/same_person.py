"""Who is who right now, as detection asks it: one face in SQL for carts, answers and the ledger.

The marts name the person that an event belonged to when its day was built. Detection must not trust
that: since then two visitors may have turned out to be one customer, or may have been separated. So
it takes the names that the event itself bore, and looks them up in `marts.identifiers`.
"""

from __future__ import annotations

# The names that a row with a visitor and a customer bears; the first is the one it belongs to.
NAMES = "arrayFilter(name -> length(name) > 2, ['v:' || visitor_id, 'c:' || customer_id])"

# The names under which a letter was decided: of the person of that time, and of the cart itself.
NAMES_OF_FIRING = f"arrayDistinct(arrayPushBack({NAMES}, person))"

# One row per identifier of the persons in `people`, for use as a common table expression.
IDENTIFIERS_OF_PEOPLE = """
    select identifier, person
    from marts.identifiers
    where is_merged and person in (select person from people)

    union distinct

    select person as identifier, person
    from people
"""
