"""Shops that publish: middleware for FastAPI (or any ASGI application) and for Django, and a page.

To be copied, or used as they are; tests run each of them. A shop uses either this middleware or the
page script for its page views, not both.
"""
