"""Hand-written CAP files, and reading them as a draft or a refusal."""

from bulletins.bulletin import VIETNAMESE, Text
from bulletins.cap import CapDraft, CapRefusal, read_cap
from tests.bulletins.bulletin_samples import NOW

CAP_12 = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_11 = "urn:oasis:names:tc:emergency:cap:1.1"
TOMORROW = "2026-12-03T00:00:00+07:00"

INFO = """<info><language>vi-VN</language><category>Met</category><event>Lũ</event>
<urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>
<senderName>Đài Khí tượng Thủy văn</senderName>
<headline>Lũ trên sông lên nhanh</headline><description>Mực nước 8,2 m.</description>
<instruction>Rời bãi ven sông.</instruction><web>https://kttv.example.vn/1</web>
<area><areaDesc>Xã Đường Lâm</areaDesc></area></info>"""
HEAD = {
    "identifier": "VN-2026-1",
    "sender": "cap@kttv.example.vn",
    "sent": "2026-12-02T11:00:00+07:00",
    "status": "Actual",
    "msgType": "Alert",
    "scope": "Public",
}


def alert(*infos: str, namespace: str = CAP_12, prologue: str = "", **head: str | None) -> str:
    """A CAP file: the sample's head with some elements replaced, or left out when None."""
    elements = {**HEAD, **head}
    written = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items() if value is not None)
    return f'{prologue}<alert xmlns="{namespace}">{written}{"".join(infos or (INFO,))}</alert>'


def info(**changes: str | None) -> str:
    """The sample's <info> with some elements replaced, added, or left out when None."""
    changed = INFO
    for name, value in changes.items():
        start, end = changed.find(f"<{name}>"), changed.find(f"</{name}>") + len(name) + 3
        element = "" if value is None else f"<{name}>{value}</{name}>"
        if start < 0:
            start = end = len("<info>")
        changed = changed[:start] + element + changed[end:]
    return changed


def drafted(text: str | bytes) -> CapDraft:
    result = read_cap(text if isinstance(text, bytes) else text.encode(), NOW)
    assert isinstance(result, CapDraft), result
    return result


def refused(text: str | bytes) -> CapRefusal:
    result = read_cap(text if isinstance(text, bytes) else text.encode(), NOW)
    assert isinstance(result, CapRefusal), result
    return result


def vietnamese(text: str) -> Text:
    return drafted(text).texts[VIETNAMESE]
