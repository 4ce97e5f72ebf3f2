"""What a watcher is told about each scene: its title, and one or two sentences on what happens and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.phones.director import Words


@dataclass(frozen=True, slots=True)
class Caption:
    """Of one scene."""

    title: Words
    text: Words


CAPTIONS: Mapping[str, Caption] = {
    "enrol": Caption(
        Words("Mời Loa vào nhóm", "Inviting Loa"),
        Words(
            "Chị Hoa và các quản trị viên khác thêm Loa vào nhóm, kênh của mình. "
            "Loa kiểm tra ngay: họ có đúng là quản trị viên không?",
            "Hoa and other admins add Loa to their groups and channels. "
            "Loa checks at once whether they really are the admins.",
        ),
    ),
    "pledge": Caption(
        Words("Đọc và cam kết", "The pledge"),
        Words(
            "Mỗi người đọc bản cam kết trong tin nhắn riêng rồi tự tay xác nhận. "
            "Từ lúc đó, nhóm mới thuộc mạng lưới.",
            "Each of them reads the pledge in private and confirms it deliberately. Only then the group belongs.",
        ),
    ),
    "compose": Caption(
        Words("Soạn bản tin", "Writing a bulletin"),
        Words(
            "Lan là điều phối viên. Chị soạn bản tin, xem trước đúng như mọi người sẽ thấy, rồi gửi duyệt.",
            "Lan is a moderator. She writes a bulletin, sees exactly what people will see, and asks for approval.",
        ),
    ),
    "approve": Caption(
        Words("Người thứ hai phê duyệt", "A second person approves"),
        Words(
            "Không ai tự duyệt bản tin của mình. Minh duyệt đúng từng chữ này: sửa một chữ là phải duyệt lại.",
            "Nobody approves their own bulletin. Minh approves exactly these words: one change, and it is void.",
        ),
    ),
    "deliver": Caption(
        Words("Bản tin đến mọi kênh", "It lands everywhere"),
        Words(
            "Từng nhóm, từng kênh sáng lên khi bản tin tới nơi. Ở đây Loa gửi chậm lại để bạn kịp nhìn.",
            "Each group and channel lights up as its copy arrives. Here Loa sends slowly, so that you can watch.",
        ),
    ),
    "verify": Caption(
        Words("Tin này có thật không?", "Is it genuine?"),
        Words(
            "Bác Sáu hỏi bằng mã, rồi chuyển tiếp một bản thật và một bản đã bị sửa. Loa chỉ đúng chỗ bị sửa.",
            "Uncle Sau asks by code, then forwards a true copy and a forged one. Loa names what was changed.",
        ),
    ),
    "withdraw": Caption(
        Words("Một người là đủ để dừng", "One is enough to stop"),
        Words(
            "Bản tin ghi thiếu một ngày. Lan tạm thu hồi ngay ở mọi bản đã gửi, bằng lời có sẵn; cả ban đều biết.",
            "The bulletin left out a day. Lan withdraws every copy at once, in fixed words, and her colleagues see it.",
        ),
    ),
    "correct": Caption(
        Words("Lời mới cần hai người", "New words take two"),
        Words(
            "Lan viết nội dung đúng. Minh thấy rõ chỗ thay đổi rồi duyệt: mọi bản đã gửi được sửa, kèm lời nhắc.",
            "Lan writes what is right. Minh sees what it changes and approves: every copy changes, with a notice.",
        ),
    ),
    "report": Caption(
        Words("Bác Sáu gặp tin đáng ngờ", "Something suspicious"),
        Words(
            "Bác chuyển tiếp cho Loa, Loa nói ngay những gì mình biết. Bác nhờ điều phối viên xem và có biên nhận.",
            "He forwards it, and Loa says at once what it knows. He asks the moderators, and gets a receipt.",
        ),
    ),
    "verdict": Caption(
        Words("Kết luận có nguồn", "A verdict with a source"),
        Words(
            "Minh không biết ai đã gửi. Kết luận nào cũng phải có nguồn, và gọi là lừa đảo thì cần thêm Lan đồng ý.",
            "Minh never learns who reported it. Each verdict needs a source, and one that says scam needs Lan, too.",
        ),
    ),
    "answer": Caption(
        Words("Bác Sáu nhận câu trả lời", "He gets the answer"),
        Words(
            "Câu trả lời về đúng cuộc trò chuyện của bác, kèm nguồn để bác tự kiểm chứng.",
            "The answer comes back to him, with its source, so that he can check for himself.",
        ),
    ),
    "subscribe": Caption(
        Words("Nhận bản tin tận nơi", "Subscribing"),
        Words(
            "Bác Sáu muốn nhận bản tin ngay tại đây: một lần bấm để nhận, một lần bấm để thôi.",
            "He wants bulletins right here: one press to get them, and one press to end it.",
        ),
    ),
}
