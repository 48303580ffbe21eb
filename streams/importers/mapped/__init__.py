"""Any shop's history, by a declared mapping from the columns of its file to the contract.

`model` is the language of mappings, `reading` reads one and names all its mistakes at once,
`fitting` holds it against the contract and the file, `makers`, `life_cycle` and `customer_rows`
make messages of rows, and `history` puts them into time order with little memory.
"""
