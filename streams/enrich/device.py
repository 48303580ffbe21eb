"""What kind of device a user agent speaks of: our own rules, for ua-parser gives no class.

The first rule that fits wins. What the tokens mean are facts that browser and device makers
published: Android browsers of phones say `Mobile` and those of tablets do not; iPads name
themselves (with iPadOS 13 or newer most say `Macintosh`, and nobody can tell them from a desktop);
televisions follow HbbTV or name their system; `Tablet PC` stands in the user agents of ordinary
Windows desktops and means nothing. Headsets are worn, hence wearable; e-readers are tablets.
"""

from __future__ import annotations

from functools import cache

from streams.enrich.first_match import first_match

DEVICE_CLASSES = ("desktop", "mobile", "tablet", "tv", "console", "wearable", "other")

_RULES = (
    (
        "wearable",
        r"\bWatch(?:OS)?\b|watchOS|SmartWatch|ZenWatch|Wear ?OS|Tizen.*\bSM-R\d|Oculus|MetaQuest|"
        r"\bQuest(?: \w+)?[;)]|Pico Neo|VisionOS|Glass \d|Mobile VR\b",
    ),
    ("mobile", r"PlayStation (?:Messages )?App"),
    (
        "console",
        r"PlayStation|PLAYSTATION|\bXbox\b|XBOX|Nintendo|\bOUYA\b|SHIELD Portable|Atari|CellOS",
    ),
    (
        "tv",
        r"(?i:smart[- ]?tv|hbbtv|apple ?tv|google ?tv|android ?tv|tvos|netcast|nettv|opera tv|"
        r"viera|bravia|vidaa|roku|crkey|chromecast|web0s|webos\.tv|pov_tv|inettvbrowser|"
        r"\bdtv\b|\bstb\b|aquos|mi ?box|mitv|ce-html|large screen|philipstv|kreatv|tv box|_atv_)|"
        r"\bAFT[A-Z0-9]{1,7}\b|\bTV\b|Espial|ADT-\d|\bBeyondTV",
    ),
    ("tablet", r"iPad|\bKF[A-Z]{2,5}\b"),
    ("mobile", r"Opera Mini|Opera Mobi|Windows Phone|iPhone|iPod"),
    ("desktop", r"Tablet PC \d\.\d"),
    (
        "tablet",
        r"(?i:\btablet\b)|PlayBook|TouchPad|hp-tablet|Kindle|PocketBook|\bSilk/|\bNook\b|"
        r"\bNexus (?:7|9|10)\b|\bPixel (?:C|Tablet)\b|\bSM-[TXP]\d{3}|"
        r"\bGT-[PN](?:1|3|5|6|75|8)\d{2,3}|\bLenovo TB-?|\bTB-?[XJ]?\d{3,4}[A-Z]|\bMediaPad\b|"
        r"\bMatePad\b|\bXoom\b|\bIdeaTab|\bTransformer\b|\bIconia\b|\bVenue [78]\b",
    ),
    (
        "mobile",
        r"Mobile|Mobi\b|BlackBerry|\bBB10\b|Symbian|SymbOS|Series ?[346]0|KAIOS|MIDP|J2ME|"
        r"UP\.(?:Browser|Link)|DoCoMo|KDDI-|SoftBank|Vodafone|\bNokia|SonyEricsson|SAMSUNG-|"
        r"\bLG-|LGE?/|\bMOT-|\b[bB]ada\b|Windows CE|PalmOS|webOS|Maemo|MeeGo|\bBREW\b|"
        r"MAUI Runtime|OpenHarmony.*Phone|NetFront|Sailfish|\bFBAN/",
    ),
    # An app's own user agent says no `Mobile` on a phone either: only of browsers is it known.
    ("tablet", r"^Mozilla/.*Android.*(?:AppleWebKit|Gecko)/"),
    ("mobile", r"Android"),
    (
        "desktop",
        r"Windows|Mac OS|Linux|X11|CrOS|BSD|SunOS|Solaris|Haiku|\bOS/2\b|IRIX|HP-UX|\bAIX\b|"
        r"Macintosh|Mac_P|Win(?:9|NT|16|32|64)|Ubuntu|AmigaOS|BeOS",
    ),
)
_HANDHELD_SYSTEMS = frozenset({"Android", "iOS", "Windows Phone", "KaiOS", "Firefox OS"})

_class_of = cache(lambda: first_match(_RULES))


def device_class_of(text: str, system: str) -> str:
    """The class of a device, one of `DEVICE_CLASSES`; `other` where nothing tells it.

    Args:
        text: the user agent.
        system: family of its operating system as ua-parser names it, or nothing. Apps of iPhones
            often say only what ua-parser alone understands.
    """
    found = _class_of()(text)
    if found in ("", "desktop") and system in _HANDHELD_SYSTEMS:
        return "mobile"
    return found or ("desktop" if "Darwin" in text else "other")
