"""Kinds of pages by the paths of common shop systems, and a shop's own kinds and zones."""

from pathlib import Path

import pytest

from streams.enrich.page import Page, PageRules, PageRulesError

SHIPPED = PageRules.read()


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/", "home"),
        ("", "home"),
        ("/home", "home"),
        ("/index.html", "home"),
        ("/index.php", "home"),
        ("/de/", "home"),
        ("/en-gb", "home"),
        ("/?color=red", "home"),
        ("/home?ref=top", "home"),
        ("/products/blue-mug", "product"),
        ("/collections/mugs/products/blue-mug?variant=1", "product"),
        ("/collections/mugs", "category"),
        ("/collections/all?page=2", "category"),
        ("/pages/contact", "contact"),
        ("/pages/shipping-policy", "help"),
        ("/pages/our-story", "content"),
        ("/blogs/news/spring", "content"),
        ("/policies/refund-policy", "help"),
        ("/account/login", "login"),
        ("/account/register", "registration"),
        ("/account/orders/1", "account"),
        ("/checkouts/cn/abc/information", "checkout"),
        ("/checkouts/cn/abc/thank-you", "order_confirmation"),
        ("/search?q=mug", "search"),
        ("/product/blue-mug/", "product"),
        ("/product-category/mugs/", "category"),
        ("/shop/", "category"),
        ("/shop/page/2", "category"),
        ("/cart/", "cart"),
        ("/checkout/", "checkout"),
        ("/checkout/order-received/77/?key=wc", "order_confirmation"),
        ("/my-account/", "account"),
        ("/my-account/lost-password/", "login"),
        ("/?s=mug&post_type=product", "search"),
        ("/catalog/product/view/id/7", "product"),
        ("/checkout/cart/", "cart"),
        ("/checkout/onepage/success/", "order_confirmation"),
        ("/customer/account/login/", "login"),
        ("/customer/account/create/", "registration"),
        ("/customer/account/", "account"),
        ("/catalogsearch/result/?q=mug", "search"),
        ("/index.php?route=product/product&product_id=40", "product"),
        ("/index.php?route=product/category&path=20", "category"),
        ("/index.php?route=checkout/cart", "cart"),
        ("/index.php?route=checkout/checkout", "checkout"),
        ("/index.php?route=checkout/success", "order_confirmation"),
        ("/index.php?route=account/login", "login"),
        ("/index.php?route=information/contact", "contact"),
        ("/?route=product/search&search=mug", "search"),
        ("/catalog/", "category"),
        ("/catalog/mugs/", "category"),
        ("/catalog/mugs/detail/77", "product"),
        ("/personal/cart/", "cart"),
        ("/personal/order/make/", "checkout"),
        ("/personal/order/make/?ORDER_ID=7", "order_confirmation"),
        ("/personal/", "account"),
        ("/2-home/12-blue-mug.html", "product"),
        ("/fr/12-blue-mug.html", "product"),
        ("/12-mugs", "category"),
        ("/panier", "cart"),
        ("/commande", "checkout"),
        ("/warenkorb", "cart"),
        ("/google+redesign/apparel", "category"),
        ("/google+redesign/apparel/quickview", "product"),
        ("/google+redesign/bags/waterproof+backpack.axd", "product"),
        ("/store.html", "category"),
        ("/store.html/quickview", "product"),
        ("/asearch.html", "search"),
        ("/basket.html", "cart"),
        ("/yourinfo.html", "checkout"),
        ("/payment.html", "checkout"),
        ("/revieworder.html", "checkout"),
        ("/ordercompleted.html", "order_confirmation"),
        ("/signin.html", "login"),
        ("/register.html", "registration"),
        ("/myaccount.html?mode=1", "account"),
        ("/store-policies/frequently-asked-questions", "help"),
        ("/Products/Blue-Mug", "product"),
        ("/contact-us", "contact"),
        ("/faq", "help"),
        ("/about-us", "content"),
        ("/404", "error"),
        ("/dp/B01", "product"),
        ("/de/dp/B01", "product"),
        ("/productions", "other"),
        ("/carton", "other"),
        ("/some/page", "other"),
        ("/some/cart", "other"),
    ],
    ids=lambda value: value or "no path",
)
def test_a_page_has_the_kind_of_the_first_rule_that_holds(target: str, kind: str) -> None:
    assert SHIPPED.page_of(target) == Page(kind, "")


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pages.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_shops_own_rules_name_kinds_and_zones(tmp_path: Path) -> None:
    text = """
kinds:
  - {kind: recipe, path: "/.*-recipe$"}
  - {kind: offers, first: [de]}
zones:
  - {zone: Club, first: [club, members]}
  - {zone: Outlet, path: ".*[?&]outlet=1"}
"""
    rules = PageRules.read(table(tmp_path, text))
    assert rules.page_of("/club/tea-Recipe") == Page("recipe", "Club")
    assert rules.page_of("/de/mugs?outlet=1") == Page("offers", "Outlet")
    assert rules.page_of("/fr/members") == Page("other", "Club")


def test_every_mistake_of_a_table_is_named_with_rule_and_field(tmp_path: Path) -> None:
    text = """
kinds:
  - {kind: Product, first: [p]}
  - {kind: cart, first: cart}
  - {kind: cart, path: "["}
  - {kind: cart}
  - {first: [p]}
zones:
  - {zone: Club, paths: [club]}
pages: []
"""
    with pytest.raises(PageRulesError) as complaint:
        PageRules.read(table(tmp_path, text))
    lines = [line.strip() for line in str(complaint.value).splitlines()[1:]]
    assert [line.split(":")[0] for line in lines] == [
        "pages",
        "kind rule 1, kind",
        "kind rule 2, first",
        "kind rule 3, path",
        "kind rule 4",
        "kind rule 5, kind",
        "zone rule 1, paths",
    ]


def test_the_digest_follows_the_rules(tmp_path: Path) -> None:
    first = PageRules.read(table(tmp_path, "kinds: [{kind: a, first: [a]}]")).digest
    assert PageRules.read(table(tmp_path, "kinds: [{kind: b, first: [a]}]")).digest != first
