"""The fixed words around a bulletin's own words, in Vietnamese and English.

They are part of the bytes that people approve, so they stand here and not in the translation files.
A language other than these two gets the English words around its text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bulletins.values import ENGLISH, VIETNAMESE, Bulletin, Category, Language, Severity, Status

BANNERS: Mapping[Status, str] = {
    Status.ACTUAL: "",
    Status.EXERCISE: "🟦 DIỄN TẬP — KHÔNG CÓ THẬT 🟦\nTHIS IS A DRILL — NOT REAL",
    Status.TEST: "⬜ BẢN TIN THỬ — KHÔNG CÓ THẬT ⬜\nTHIS IS A TEST — NOT REAL",
}
"""In both languages always: whoever reads only one of them must not be frightened."""

PRACTICE_MARKS: Mapping[Status, str] = {Status.EXERCISE: "🟦", Status.TEST: "⬜"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """One language's fixed words. Braces are filled in by the rendering."""

    emergency: str
    severities: Mapping[Severity, str]
    categories: Mapping[Category, str]
    instruction: str
    picture: str
    issuer: str
    source: str
    valid_until: str
    moment: str
    how_to_check: str
    corrects: str
    withdraws: str
    corrected: str
    being_corrected: str
    withdrawn: str
    withdrawn_advice: str
    corrected_notice: str
    being_corrected_notice: str
    withdrawn_notice: str
    no_longer_right: str
    partly_wrong: str
    resent: str


LABELS: Mapping[Language, Labels] = {
    VIETNAMESE: Labels(
        emergency="KHẨN CẤP",
        severities={
            Severity.EXTREME: "CẢNH BÁO ĐẶC BIỆT",
            Severity.SEVERE: "CẢNH BÁO",
            Severity.MODERATE: "CẦN CHÚ Ý",
            Severity.MINOR: "THÔNG BÁO",
            Severity.UNKNOWN: "THÔNG BÁO",
        },
        categories={
            Category.GEO: "Động đất, địa chất",
            Category.MET: "Thời tiết",
            Category.SAFETY: "An toàn",
            Category.SECURITY: "An ninh",
            Category.RESCUE: "Cứu hộ, cứu nạn",
            Category.FIRE: "Cháy nổ",
            Category.HEALTH: "Y tế",
            Category.ENV: "Môi trường",
            Category.TRANSPORT: "Giao thông",
            Category.INFRA: "Điện, nước, viễn thông",
            Category.CBRNE: "Hoá chất, phóng xạ",
            Category.OTHER: "Thông tin chung",
        },
        instruction="Cần làm:",
        picture="Trong ảnh:",
        issuer="Cơ quan phát hành:",
        source="Nguồn:",
        valid_until="Có hiệu lực đến",
        moment="{hour:02}:{minute:02} ngày {day:02}/{month:02}/{year}",
        how_to_check="Kiểm tra: gửi mã {code} cho {bot}",
        corrects="ĐÍNH CHÍNH bản tin {codes}",
        withdraws="THU HỒI bản tin {codes}",
        corrected="ĐÃ ĐÍNH CHÍNH",
        being_corrected="ĐANG ĐÍNH CHÍNH",
        withdrawn="ĐÃ THU HỒI",
        withdrawn_advice="Bản tin {codes} không còn giá trị. Xin đừng chia sẻ tiếp.",
        corrected_notice="Bản tin {codes} đã được đính chính. Thông tin đúng hiện nay:",
        being_corrected_notice="Bản tin {codes} có chỗ chưa đúng và đang được đính chính.",
        withdrawn_notice="Bản tin {codes} đã được thu hồi. Xin đừng chia sẻ tiếp.",
        no_longer_right="Nội dung trước đây, không còn đúng:",
        partly_wrong="Nội dung trước đây, có chỗ chưa đúng:",
        resent="Gửi lại: có thể bạn đã nhận được bản tin này.",
    ),
    ENGLISH: Labels(
        emergency="EMERGENCY",
        severities={
            Severity.EXTREME: "EXTREME WARNING",
            Severity.SEVERE: "WARNING",
            Severity.MODERATE: "PLEASE NOTE",
            Severity.MINOR: "NOTICE",
            Severity.UNKNOWN: "NOTICE",
        },
        categories={
            Category.GEO: "Earthquake and ground",
            Category.MET: "Weather",
            Category.SAFETY: "Safety",
            Category.SECURITY: "Security",
            Category.RESCUE: "Rescue",
            Category.FIRE: "Fire",
            Category.HEALTH: "Health",
            Category.ENV: "Environment",
            Category.TRANSPORT: "Transport",
            Category.INFRA: "Power, water, networks",
            Category.CBRNE: "Chemicals, radiation",
            Category.OTHER: "General information",
        },
        instruction="What to do:",
        picture="In the picture:",
        issuer="Issued by:",
        source="Source:",
        valid_until="Valid until",
        moment="{hour:02}:{minute:02} on {day}/{month}/{year} ({offset})",
        how_to_check="Check it: send the code {code} to {bot}",
        corrects="CORRECTION of bulletin {codes}",
        withdraws="WITHDRAWAL of bulletin {codes}",
        corrected="CORRECTED",
        being_corrected="BEING CORRECTED",
        withdrawn="WITHDRAWN",
        withdrawn_advice="Bulletin {codes} is no longer valid. Please do not share it further.",
        corrected_notice="Bulletin {codes} has been corrected. What is right now:",
        being_corrected_notice="Bulletin {codes} is partly wrong and is being corrected.",
        withdrawn_notice="Bulletin {codes} has been withdrawn. Please do not share it further.",
        no_longer_right="What it said before, no longer right:",
        partly_wrong="What it said before, partly wrong:",
        resent="Sent again: you may already have received this bulletin.",
    ),
}

_SEVERITY_MARKS: Mapping[Severity, str] = {
    Severity.EXTREME: "🔴",
    Severity.SEVERE: "🟠",
    Severity.MODERATE: "🟡",
    Severity.MINOR: "🟢",
    Severity.UNKNOWN: "🟢",
}


def labels_for(language: Language) -> Labels:
    return LABELS.get(language, LABELS[ENGLISH])


def severity_mark(bulletin: Bulletin) -> str:
    """A coloured dot for the real thing; the colour of the banner for a drill or test, cropped or not."""
    if bulletin.status is not Status.ACTUAL:
        return PRACTICE_MARKS[bulletin.status]
    return "🔴" if bulletin.is_grave_and_now else _SEVERITY_MARKS[bulletin.severity]


def severity_words(bulletin: Bulletin, language: Language) -> str:
    labels = labels_for(language)
    return labels.emergency if bulletin.is_grave_and_now else labels.severities[bulletin.severity]


def category_words(category: Category, language: Language) -> str:
    return labels_for(language).categories[category]
