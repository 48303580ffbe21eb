"""Past events of a shop, published as if they happened again.

An importer reads one source's files and yields events of the contract in time order, with
deterministic ids and `origin=import`: importing twice changes no mart, and imported history never
causes a letter. Every row of a source is in an event, or counted with the reason why it is in none.
`run` publishes, resumes and reports.

Any shop's file is read by a declared mapping (`mapped`). `ga_hits` and `online_retail` are code,
since what they do no mapping can say: a hit borrows from its visit in another file, and what else
it tells decides its kind; a cancellation is matched with an earlier order.
"""
