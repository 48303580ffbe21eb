"""The contract: every message a shop may publish, as CloudEvents 1.0 in structured JSON.

One Struct per kind of event; the CloudEvents attribute `type` chooses it. Identity, visit and
origin are CloudEvents extension attributes (lower-case letters only, as the specification demands);
what happened stands in `data`; `data.context` is the free photographic context (price, stock,
status at that moment), kept as text.

Amounts are integers in minor units (cents). A shop may publish more than we read yet: what is not
in the contract stays in the event store, and the event bears a warning. JSON Schemas generated
from this module lie in `streams/schemas` (`make schemas`); a test keeps them equal.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

CONTRACT_VERSION = 3

Id = Annotated[str, Meta(min_length=1, max_length=256)]
OptionalId = Annotated[str, Meta(max_length=256)]
Digest = Annotated[str, Meta(pattern="^([0-9A-Fa-f]{64})?$", max_length=64)]
Text = Annotated[str, Meta(max_length=8192)]
Label = Annotated[str, Meta(max_length=256)]
Minor = Annotated[int, Meta(ge=-(10**15), le=10**15)]
Price = Annotated[int, Meta(ge=0, le=10**15)]
Quantity = Annotated[int, Meta(ge=-(10**9), le=10**9)] | Annotated[float, Meta(ge=-1e9, le=1e9)]
Ordinal = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Currency = Annotated[str, Meta(pattern="^([A-Z]{3})?$", max_length=3)]
Instant = Annotated[datetime, Meta(tz=True)]


class Page(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
):
    """Where on the site it happened, and what linked there.

    `kind` and `zone` are the shop's own words for them; without them they follow from the URL.
    """

    url: Text = ""
    title: Text = ""
    referrer: Text = ""
    kind: Label = ""
    zone: Label = ""


class Client(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
):
    """The program that asked, and from where: as a web server sees a visitor.

    The address (IPv4 or IPv6) stays whole in the event store only; the analytic base keeps its
    network.
    """

    user_agent: Text = ""
    address: Label = ""
    language: Label = ""


class Identifiers(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
):
    """What else names the person of the event, beside `visitorid` and `customerid`.

    E-mail address and phone number as SHA-256 in hex, of the lower-case address and of the number
    in E.164: plain ones stay in the shop. `partner_id` is how a partner names the visitor.
    """

    email_sha256: Digest = ""
    phone_sha256: Digest = ""
    partner_id: OptionalId = ""


class Campaign(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
):
    """Campaign tags as the source read them; without it they are read from the page's URL."""

    source: Label = ""
    medium: Label = ""
    name: Text = ""
    term: Text = ""
    content: Text = ""
    click_id: Text = ""


class Product(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
):
    """A product, or a line of a cart or an order. Quantity 0 and revenue None mean «not told».

    `category` is a path such as `Home/Kitchen/Mugs`; `position` is the place in the list shown,
    from 1, 0 when not told; `url` is the product's page. A quantity may be a fraction (six decimals
    are kept) and negative: a line that is given back. `discount_minor` is taken off the whole line.
    The revenue of an order's line that tells none is price x quantity less the discount, and a line
    that tells no quantity is one piece.
    """

    sku: Id
    name: Text = ""
    brand: Text = ""
    category: Text = ""
    variant: Text = ""
    position: Ordinal = 0
    url: Text = ""
    price_minor: Price = 0
    quantity: Quantity = 0
    discount_minor: Minor = 0
    revenue_minor: Minor | None = None


class Data(
    Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, forbid_unknown_fields=True
):
    """What every kind of event may carry. `context` is one JSON object, kept as the text it came
    in.

    `currency` is that of all amounts of the event; empty, they are in the shop's own.
    """

    page: Page | None = None
    campaign: Campaign | None = None
    client: Client | None = None
    identifiers: Identifiers | None = None
    currency: Currency = ""
    context: Raw | UnsetType = UNSET


class ProductData(Data, frozen=True, kw_only=True):
    """One product."""

    product: Product


class ProductListData(Data, frozen=True, kw_only=True):
    """The products of a list, in the order shown; `name` is the list's own."""

    name: Text = ""
    products: list[Product] = []


class SearchData(Data, frozen=True, kw_only=True):
    """A search on the site."""

    query: Text
    result_count: Ordinal = 0


class InteractionData(Data, frozen=True, kw_only=True):
    """A click on something that is neither a product nor a page: a promotion, a contact, another
    part.
    """

    element: Literal["promotion", "contact", "other"]
    name: Text = ""


class CartData(Data, frozen=True, kw_only=True):
    """What went into the cart or out of it."""

    products: Annotated[list[Product], Meta(min_length=1, max_length=1000)]


class CheckoutData(Data, frozen=True, kw_only=True):
    """A step of the checkout, counted from 1, with the cart at that moment."""

    step: Annotated[int, Meta(ge=1, le=100)]
    products: Annotated[list[Product], Meta(max_length=1000)] = []


class OrderData(Data, frozen=True, kw_only=True):
    """An order, or one copy of it. Revenue None means that this copy does not tell it.

    `return_id` is the shop's own id of a return, by which one that is told again is known.
    """

    order_id: Id
    revenue_minor: Minor | None = None
    tax_minor: Minor = 0
    shipping_minor: Minor = 0
    products: Annotated[list[Product], Meta(max_length=10_000)] = []
    reason: Text = ""
    return_id: OptionalId = ""


class CustomerData(Data, frozen=True, kw_only=True):
    """A customer's registration or change. Addresses only as SHA-256 in hex: plain ones stay in the
    shop.
    """

    email_sha256: Digest = ""
    phone_sha256: Digest = ""


class CallData(Data, frozen=True, kw_only=True):
    """A call to the call centre."""

    topic: Text = ""
    duration_seconds: Ordinal = 0


class SubscriptionData(Data, frozen=True, kw_only=True):
    """A subscription, and whether the customer is subscribed from now on."""

    name: Label
    is_subscribed: bool


class LetterData(Data, frozen=True, kw_only=True):
    """A letter; `firing_id` names the secondary event that caused it, empty when none did."""

    letter_id: Id
    firing_id: OptionalId = ""
    link: Text = ""


class Envelope(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    tag_field="type",
    forbid_unknown_fields=True,
):
    """The attributes of every event: CloudEvents' own, then this contract's extensions.

    `visitorid` or `customerid` should be given: the message key is the first of them that is. An
    event may name nobody; an order counts then as that of an anonymous person. The visit attributes
    are the source's own reckoning (0 and "" mean «not told»); `visitsequence` orders events of one
    instant. `channel` is the channel the source declares. `origin` tells live events from imported
    history. The last four are CloudEvents' own: whoever sends them does so with every event, so the
    good way takes them, and nothing is made of them.

    `is_activity` says whether events of the kind are what a visitor does: only these begin sessions
    and lead to orders, and only if they have a page or a client. What a server tells is no visit.
    """

    is_activity: ClassVar[bool] = True

    specversion: Literal["1.0"]
    id: Id
    source: Id
    time: Instant
    subject: OptionalId = ""
    visitorid: OptionalId = ""
    customerid: OptionalId = ""
    visitid: OptionalId = ""
    visitnumber: Ordinal = 0
    visitsequence: Ordinal = 0
    channel: Label = ""
    origin: Literal["live", "import"] = "live"
    datacontenttype: Label = ""
    dataschema: Text = ""
    traceparent: Label = ""
    tracestate: Text = ""


class PageViewed(Envelope, frozen=True, kw_only=True, tag="page.viewed"):
    """A page was shown."""

    data: Data


class ProductViewed(Envelope, frozen=True, kw_only=True, tag="product.viewed"):
    """A product's page was shown."""

    data: ProductData


class ProductListViewed(Envelope, frozen=True, kw_only=True, tag="product_list.viewed"):
    """A list of products was shown."""

    data: ProductListData


class ProductClicked(Envelope, frozen=True, kw_only=True, tag="product.clicked"):
    """A product in a list, or its quick view, was clicked."""

    data: ProductListData


class SearchPerformed(Envelope, frozen=True, kw_only=True, tag="search.performed"):
    """The visitor searched the site."""

    data: SearchData


class SiteInteracted(Envelope, frozen=True, kw_only=True, tag="site.interacted"):
    """A promotion, a contact or another part of the site was clicked."""

    data: InteractionData


class CartItemAdded(Envelope, frozen=True, kw_only=True, tag="cart.item_added"):
    """Products were put into the cart."""

    data: CartData


class CartItemRemoved(Envelope, frozen=True, kw_only=True, tag="cart.item_removed"):
    """Products were taken out of the cart."""

    data: CartData


class CheckoutStepReached(Envelope, frozen=True, kw_only=True, tag="checkout.step_reached"):
    """The visitor reached a step of the checkout."""

    data: CheckoutData


class OrderPlaced(Envelope, frozen=True, kw_only=True, tag="order.placed"):
    """An order was placed. Shops repeat it: the same order id under other event ids."""

    data: OrderData


class OrderChanged(Envelope, frozen=True, kw_only=True, tag="order.changed"):
    """An order is another one now: the newest of these says its amounts and its lines."""

    data: OrderData


class OrderPaid(Envelope, frozen=True, kw_only=True, tag="order.paid"):
    """An order was paid."""

    is_activity: ClassVar[bool] = False

    data: OrderData


class OrderShipped(Envelope, frozen=True, kw_only=True, tag="order.shipped"):
    """An order was handed to whoever carries it to the customer."""

    is_activity: ClassVar[bool] = False

    data: OrderData


class OrderCancelled(Envelope, frozen=True, kw_only=True, tag="order.cancelled"):
    """An order was cancelled as a whole."""

    data: OrderData


class OrderReturned(Envelope, frozen=True, kw_only=True, tag="order.returned"):
    """Goods of an order came back: the products and the amount returned."""

    is_activity: ClassVar[bool] = False

    data: OrderData


class CustomerRegistered(Envelope, frozen=True, kw_only=True, tag="customer.registered"):
    """A customer registered."""

    data: CustomerData


class CustomerUpdated(Envelope, frozen=True, kw_only=True, tag="customer.updated"):
    """A customer's particulars changed."""

    data: CustomerData


class CustomerLoggedIn(Envelope, frozen=True, kw_only=True, tag="customer.logged_in"):
    """A customer logged in: from here on the visitor is known."""

    data: CustomerData


class CallReceived(Envelope, frozen=True, kw_only=True, tag="call.received"):
    """The call centre took a call."""

    is_activity: ClassVar[bool] = False

    data: CallData


class SubscriptionChanged(Envelope, frozen=True, kw_only=True, tag="subscription.changed"):
    """A customer subscribed or unsubscribed."""

    data: SubscriptionData


class LetterSent(Envelope, frozen=True, kw_only=True, tag="letter.sent"):
    """A letter was sent."""

    is_activity: ClassVar[bool] = False

    data: LetterData


class LetterOpened(Envelope, frozen=True, kw_only=True, tag="letter.opened"):
    """A letter was opened."""

    is_activity: ClassVar[bool] = False

    data: LetterData


class LetterClicked(Envelope, frozen=True, kw_only=True, tag="letter.clicked"):
    """A link in a letter was clicked."""

    is_activity: ClassVar[bool] = False

    data: LetterData


Event = (
    PageViewed
    | ProductViewed
    | ProductListViewed
    | ProductClicked
    | SearchPerformed
    | SiteInteracted
    | CartItemAdded
    | CartItemRemoved
    | CheckoutStepReached
    | OrderPlaced
    | OrderChanged
    | OrderPaid
    | OrderShipped
    | OrderCancelled
    | OrderReturned
    | CustomerRegistered
    | CustomerUpdated
    | CustomerLoggedIn
    | CallReceived
    | SubscriptionChanged
    | LetterSent
    | LetterOpened
    | LetterClicked
)

KINDS: dict[str, type[Envelope]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(Event)
}


def kind_of(event: Event) -> str:
    """The CloudEvents `type` of an event, such as `order.placed`."""
    return str(event.__struct_config__.tag)


def key_of(event: Event) -> bytes:
    """The Kafka key: the visitor id, else the customer id, so that one person's events stay in one
    partition; of an event that names nobody the order's number, else its own id.
    """
    return (
        event.visitorid or event.customerid or getattr(event.data, "order_id", "") or event.id
    ).encode()


def encode(event: Event) -> bytes:
    """The message of an event, as UTF-8 JSON, attributes that say nothing left out."""
    return _ENCODER.encode(event)


_ENCODER = msgspec.json.Encoder()
