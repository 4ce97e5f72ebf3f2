// The page's own words in both languages. What is said in the chats is the chats' own and is never translated.

const VI = {
  skip: "Đến phần điện thoại",
  page_title: "Loa – tin chính thức, đến tận nhóm chat của bạn",
  simulated: "Thế giới giả lập · không tin nào rời khỏi máy này",
  lost: "Mất kết nối với máy chủ giả lập, đang thử lại…",
  title: "Tin chính thức, đến tận nhóm chat của bạn.",
  lead: "Loa mang bản tin đã xác minh vào những nhóm mọi người đang trò chuyện, và trả lời “tin này thật hay giả?” trong một giây.",
  stage: "Điện thoại và kênh",
  why: "Vì sao người ta tin Loa",
  why1: "Phải hai người mới gửi được, một người là đủ để dừng",
  why1text: "Không ai tự mình phát được một bản tin. Nhưng khi có gì sai, một người là đủ để thu hồi ngay mọi bản đã gửi, bằng lời có sẵn; lời đính chính mới lại cần hai người.",
  why2: "Chỉ nghe khi được gọi",
  why2text: "Trong nhóm, Loa không đọc trò chuyện, không lưu danh sách thành viên, không lập hồ sơ ai. Ý kiến không phải là vi phạm.",
  why3: "Ai cũng tự kiểm tra được",
  why3text: "Mỗi bản tin có mã ngắn. Gửi mã, hoặc chuyển tiếp một bản cho Loa, là biết tin thật, bị sửa hay đã thu hồi.",
  why4: "Vào tự nguyện, ra một chạm",
  why4text: "Bạn giữ quyền với nhóm của mình: chọn chủ đề, giờ yên lặng, tạm dừng hay rời đi, không mất gì.",
  join: "Thử tham gia trên điện thoại của {name}",
  foot: "Mọi nhân vật, nhóm và bản tin ở đây đều là hư cấu. Phía sau trang này là Loa thật, nói chuyện với một Telegram giả lập ngay trên máy.",

  play: "Xem câu chuyện", pause: "Tạm dừng", resume: "Xem tiếp", next: "Bước tiếp", fast: "Tua nhanh", by_hand: "Tự tay thử",
  story_start: "Bốn người, một mạng lưới, một bản tin cần đến nơi",
  story_start_text: "Bấm để xem cả câu chuyện, hoặc cầm bất cứ chiếc điện thoại nào và tự thử.",
  story_end: "Giờ đến lượt bạn",
  story_end_text: "Câu chuyện đã xong: cầm bất cứ chiếc điện thoại nào và tự thử. Muốn xem lại từ đầu, chạy lại lệnh loa demo.",
  hand: "Đến lượt bạn",
  hand_text: "Gõ tin, bấm nút, chuyển tiếp tin trong nhóm cho Loa. Câu chuyện sẽ chờ bạn.",
  step_of: "Bước {n}/{all}",
  stumbled: "Câu chuyện vấp ở bước này. Bạn vẫn dùng được các điện thoại.",

  role_moderator: "điều phối viên", role_admin: "quản trị nhóm", role_citizen: "người dân", acting: "đang thao tác",
  enlarge: "Phóng to điện thoại của {name}", shrink: "Thu nhỏ", phone_of: "Điện thoại của {name}, {role}",

  chats: "Trò chuyện", back: "Về danh sách trò chuyện", bot: "bot", typing: "đang nhập…",
  members: "{n} thành viên", subscribers: "{n} người theo dõi", unread: "{n} tin chưa đọc",
  message: "Nhắn tin", send: "Gửi", photo: "Gửi ảnh", commands: "Lệnh của bot", close: "Đóng", cancel: "Thôi", ok: "Đã hiểu", open: "Mở",
  start: "Bắt đầu", start_hint: "Loa kiểm chứng tin và chuyển bản tin chính thức. Bấm Bắt đầu để trò chuyện.",
  no_messages: "Chưa có tin nhắn nào", pinned: "Tin đã ghim", edited: "đã sửa", forwarded: "Chuyển tiếp từ {name}",
  forward_to_bot: "Chuyển tiếp cho Loa", forward_as: "Bấm mũi tên trên một tin: {name} sẽ chuyển tiếp tin đó cho Loa.", reply: "Trả lời", replying: "Trả lời {name}", picture: "Ảnh",
  read_only: "Chỉ quản trị viên đăng được ở đây", newer: "Tin mới", you: "Bạn", copied: "Đã sao chép", show_keys: "Bàn phím của bot",
  choose_group: "Chọn nhóm để thêm Loa", choose_text: "Đây là những nhóm {name} quản trị.", no_group: "{name} chưa quản trị nhóm nào phù hợp.",
  link_out: "Liên kết này dẫn ra ngoài thế giới giả lập", link_out_text: "Trang này không bao giờ mở địa chỉ bên ngoài. Địa chỉ là:",
  link_in: "Mở trang do Loa phục vụ trên máy này?", not_allowed: "Ứng dụng không cho phép việc này ở đây.", failed: "Chưa làm được. Hãy thử lại.",
  photo_bad: "Không đọc được ảnh này. Hãy chọn ảnh JPEG hoặc PNG.",

  srv_new_chat_members: "{who} đã thêm {what} vào nhóm", srv_joined: "{who} đã vào nhóm", srv_left_chat_member: "{what} đã rời nhóm",
  srv_pinned_message: "{who} đã ghim một tin", srv_new_chat_title: "{who} đổi tên nhóm thành “{what}”", srv_chat_shared: "{who} đã chọn một nhóm cho bot",

  network: "Mạng lưới", network_hint: "Mỗi ô là một nhóm hoặc kênh. Bấm để nhìn vào bên trong.",
  people: "độ phủ tiềm năng {n} người", everybody: "≈ {n} thành viên", of: "/ {n} kênh",
  st_absent: "chưa tham gia", st_idle: "đang chờ tin", st_queued: "đang gửi", st_delivered: "đã nhận", st_drill: "diễn tập",
  st_corrected: "đã đính chính", st_withdrawn: "đã thu hồi", st_refused: "không gửi được",
  look_inside: "Bên trong “{title}”",
  samples: [
    "Tài khoản VNeID của bạn sẽ bị khoá, cập nhật ngay tại http://vneid-capnhat.top",
    "Nghe nói tối nay mất điện cả tỉnh, có thật không?",
  ],
};

const EN = {
  skip: "Skip to the phones",
  page_title: "Loa: official word, right in your group chats",
  simulated: "Simulated world · nothing leaves this machine",
  lost: "Lost the connection to the simulator, trying again…",
  title: "Official word, right in your group chats.",
  lead: "Loa carries verified bulletins into the groups where people already talk, and answers “is this real?” within a second.",
  stage: "Phones and channels",
  why: "Why people trust Loa",
  why1: "Two to start, one to stop",
  why1text: "Nobody can publish a bulletin alone. But when something is wrong, one is enough to withdraw every copy at once, in fixed words; the corrected words take two again.",
  why2: "It listens only when spoken to",
  why2text: "In groups Loa reads no conversation, keeps no member list, builds no profile. An opinion is never an offence.",
  why3: "Anyone can check for themselves",
  why3text: "Every bulletin carries a short code. Send Loa the code, or forward a copy, to learn whether it is genuine, altered or withdrawn.",
  why4: "Join freely, leave in one tap",
  why4text: "Your group stays yours: choose topics and quiet hours, pause or leave whenever you like, at no cost.",
  join: "Try joining on {name}’s phone",
  foot: "Every person, group and bulletin here is made up. Behind this page the real Loa talks to a simulated Telegram on this machine.",

  play: "Play the story", pause: "Pause", resume: "Continue", next: "Next step", fast: "Fast-forward", by_hand: "By hand",
  story_start: "Four people, one network, one bulletin to carry",
  story_start_text: "Play the whole story, or pick up any phone and try it yourself.",
  story_end: "Now it’s your turn",
  story_end_text: "The story has been told: pick up any phone and try. To see it from the start, run loa demo anew.",
  hand: "Your turn",
  hand_text: "Type, press buttons, forward a group’s message to Loa. The story will wait.",
  step_of: "Step {n} of {all}",
  stumbled: "The story stumbled at this step. The phones still work.",

  role_moderator: "moderator", role_admin: "group admin", role_citizen: "citizen", acting: "acting now",
  enlarge: "Enlarge {name}’s phone", shrink: "Shrink", phone_of: "Phone of {name}, {role}",

  chats: "Chats", back: "Back to the chats", bot: "bot", typing: "typing…",
  members: "{n} members", subscribers: "{n} subscribers", unread: "{n} unread",
  message: "Message", send: "Send", photo: "Send a picture", commands: "Bot commands", close: "Close", cancel: "Cancel", ok: "Got it", open: "Open",
  start: "Start", start_hint: "Loa checks messages and carries official bulletins. Press Start to talk to it.",
  no_messages: "No messages yet", pinned: "Pinned message", edited: "edited", forwarded: "Forwarded from {name}",
  forward_to_bot: "Forward to Loa", forward_as: "Press the arrow on a message: {name} forwards it to Loa.", reply: "Reply", replying: "Replying to {name}", picture: "Picture",
  read_only: "Only administrators post here", newer: "New messages", you: "You", copied: "Copied", show_keys: "The bot’s keyboard",
  choose_group: "Choose a group for Loa", choose_text: "These are the groups {name} administers.", no_group: "{name} administers no suitable group.",
  link_out: "This link leads out of the simulated world", link_out_text: "This page never opens outside addresses. The address is:",
  link_in: "Open the page Loa serves on this machine?", not_allowed: "The app does not allow that here.", failed: "That did not work. Please try again.",
  photo_bad: "This picture cannot be read. Please choose a JPEG or PNG.",

  srv_new_chat_members: "{who} added {what}", srv_joined: "{who} joined", srv_left_chat_member: "{what} left",
  srv_pinned_message: "{who} pinned a message", srv_new_chat_title: "{who} renamed the chat to “{what}”", srv_chat_shared: "{who} chose a chat for the bot",

  network: "The network", network_hint: "Each tile is a group or channel. Click one to look inside.",
  people: "potential reach {n} people", everybody: "≈ {n} members", of: "/ {n} channels",
  st_absent: "not joined", st_idle: "waiting", st_queued: "on its way", st_delivered: "delivered", st_drill: "drill",
  st_corrected: "corrected", st_withdrawn: "withdrawn", st_refused: "did not arrive",
  look_inside: "Inside “{title}”",
  samples: [
    "Your identity account will be locked today, update it at http://vneid-capnhat.top",
    "Somebody says the whole province loses power tonight. Is it true?",
  ],
};

const LANGUAGES = { vi: VI, en: EN };
const LOCALES = { vi: "vi-VN", en: "en-GB" };
const listeners = new Set();
let language = remembered();

function remembered() {
  const asked = new URLSearchParams(location.search).get("lang");
  let kept = null;
  try { kept = localStorage.getItem("loa-language"); } catch { /* storage may be switched off */ }
  return [asked, kept].find((one) => one in LANGUAGES) ?? "vi";
}

/** The page's words for `key`, with {names} filled in. */
export function t(key, values = {}) {
  const words = LANGUAGES[language][key];
  if (words === undefined) throw new Error(`no text ${key}`);
  if (typeof words !== "string") return words;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Of a text that comes in both languages, the visitor's. */
export const own = (both) => both[language] ?? both.vi;

export const number = (value) => new Intl.NumberFormat(LOCALES[language]).format(value);

export function rounded(value) {
  const step = value < 1_000 ? 10 : value < 100_000 ? 100 : 1_000;
  return number(Math.round(value / step) * step);
}

export function clock(milliseconds) {
  const options = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Ho_Chi_Minh" };
  return new Intl.DateTimeFormat("en-GB", options).format(milliseconds);
}

export const currentLanguage = () => language;
export const onLanguage = (listener) => { listeners.add(listener); listener(); };

export function setLanguage(chosen) {
  language = chosen;
  history.replaceState(null, "", location.pathname + location.hash);
  try { localStorage.setItem("loa-language", chosen); } catch { /* storage may be switched off */ }
  for (const listener of listeners) listener();
}

export const allLanguages = () => Object.entries(LANGUAGES).map(([name, words]) => [name, Object.keys(words)]);
