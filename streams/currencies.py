"""Minor units of currencies: how many digits an amount such as `12.34` has behind its mark.

The marts know the same table (`dbt_project/macros/money.sql`); a test holds the two together.
"""

from __future__ import annotations

USUAL_DIGITS = 2
# ISO 4217: the currencies whose minor unit has another number of digits.
EXCEPTIONS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_DIGITS = {currency: digits for digits, listed in EXCEPTIONS.items() for currency in listed.split()}


def minor_digits(currency: str) -> int:
    """How many digits the minor unit of a currency (ISO 4217) has; of an unknown one, two."""
    return _DIGITS.get(currency, USUAL_DIGITS)
