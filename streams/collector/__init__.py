"""Publishing over plain HTTP: for shops in any language, and for the pages of a shop themselves.

`POST /v1/events` takes events of the shop's servers, `POST /v1/beacon` those of browsers that run
the script `GET /v1/page.js`. An answer 202 means that the events lie in the spool of
`streams.publisher`: neither a kill of this process nor an outage of the broker loses them.
"""
