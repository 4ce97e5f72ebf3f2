"""Bulletins that the tests of this room start from, and the strategies that vary them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bulletins.bulletin import (
    ENGLISH,
    VIETNAMESE,
    Bulletin,
    Category,
    Certainty,
    MsgType,
    Severity,
    Status,
    Text,
    Urgency,
)
from bulletins.code import make
from bulletins.rendering import Imprint

NOW = datetime(2026, 12, 2, 5, 0, tzinfo=UTC)
IMPRINT = Imprint("loa_phutho_bot", ZoneInfo("Asia/Ho_Chi_Minh"))

FLOOD = Bulletin(
    code=make(123_456),
    status=Status.ACTUAL,
    category=Category.MET,
    urgency=Urgency.IMMEDIATE,
    severity=Severity.SEVERE,
    certainty=Certainty.LIKELY,
    issuer="Ban Chỉ huy Phòng thủ dân sự tỉnh",
    texts={
        VIETNAMESE: Text(
            "Lũ trên sông lên nhanh, trên báo động 3",
            "Mực nước lúc 5 giờ là 8,2 m.\nDự báo lên 8,6 m trước 12 giờ trưa nay.",
            "Người dân ở bãi ven sông rời đi trước 8 giờ.",
        ),
        ENGLISH: Text(
            "The river is rising fast, above alarm level 3",
            "The level was 8.2 m at 5:00.\nIt may reach 8.6 m before noon.",
            "People on the banks should leave before 8:00.",
        ),
    },
    source_url="https://phongchongthientai.example.vn/tin/123",
    expires=NOW + timedelta(hours=19),
)

CORRECTION = Bulletin(
    code=make(654_321),
    status=Status.ACTUAL,
    msg_type=MsgType.UPDATE,
    category=Category.MET,
    urgency=Urgency.EXPECTED,
    severity=Severity.MODERATE,
    certainty=Certainty.LIKELY,
    issuer="Ban Chỉ huy Phòng thủ dân sự tỉnh",
    texts={
        VIETNAMESE: Text("Mực nước đúng là 7,2 m", "Nước chưa tới báo động 3.", "Theo dõi bản tin tiếp theo.")
    },
    references=(FLOOD.code,),
    expires=NOW + timedelta(hours=12),
)

WITHDRAWAL = Bulletin(
    code=make(777_777),
    status=Status.ACTUAL,
    msg_type=MsgType.CANCEL,
    category=Category.MET,
    urgency=Urgency.PAST,
    severity=Severity.MINOR,
    certainty=Certainty.OBSERVED,
    issuer="Ban Chỉ huy Phòng thủ dân sự tỉnh",
    texts={VIETNAMESE: Text("Bản tin gửi nhầm", "Không có lũ.")},
    references=(FLOOD.code,),
    expires=NOW + timedelta(hours=12),
)

# What people could type, and what an attacker would: markup, entities, marks, line ends, emoji, two scripts.
NASTY = st.text(
    st.one_of(
        st.sampled_from(list("<>&;\"'/=#@ \n\r\t\u00a0abđượ́😀👩‍🚒")),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=200,
) | st.sampled_from(
    [
        "</b><a href='https://lua-dao.example'>nhận quà</a>",
        "<b>giả mạo</b>",
        "&lt;b&gt;",
        "&#60;script&#62;",
        '<tg-spoiler>x</tg-spoiler><a href="tg://user?id=1">',
        "]]><!--",
        "a < b && c > d",
    ]
)
