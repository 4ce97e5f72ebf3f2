"""The methods that answer people's queries: pressed buttons and inline queries."""

from __future__ import annotations

from datetime import timedelta

from simulator.bot_api.refusals import bad_request
from simulator.bot_api.request import Request
from simulator.bot_api.sending import Method
from simulator.wire import utf16
from simulator.world import EventKind

CALLBACK_PATIENCE = timedelta(minutes=15)
INLINE_PATIENCE = timedelta(seconds=30)
ALERT_UNITS = 200
RESULTS_AT_MOST = 50
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def answer_callback(request: Request) -> bool:
    """What the person sees after pressing: nothing, a line at the top, or an alert to close."""
    query = request.world.callbacks.get(request.text("callback_query_id"))
    is_known = query is not None and query.bot_id == request.bot.id and not query.is_answered
    if query is None or not is_known or request.world.now() - query.at > CALLBACK_PATIENCE:
        raise bad_request(TOO_OLD)
    if utf16.length(request.text("text")) > ALERT_UNITS:
        raise bad_request("MESSAGE_TOO_LONG")
    query.is_answered, query.is_alert = True, request.flag("show_alert")
    query.answer, query.url = request.text("text"), request.text("url")
    place = request.world.chat(query.chat_id, bot=request.bot)
    request.world.tell(EventKind.ANSWER, place, query.message_id)
    request.acted(query.message_id)
    return True


def answer_inline(request: Request) -> bool:
    query = request.world.inline_queries.get(request.text("inline_query_id"))
    is_late = query is not None and request.world.now() - query.at > INLINE_PATIENCE
    if query is None or query.bot_id != request.bot.id or is_late:
        raise bad_request(TOO_OLD)
    results = request.structure("results")
    if not isinstance(results, list):
        raise bad_request("can't parse inline query results JSON object")
    if len(results) > RESULTS_AT_MOST:
        raise bad_request("RESULTS_TOO_MUCH")
    ids = [str(result.get("id", "")) for result in results]
    if len(set(ids)) != len(ids):
        raise bad_request("RESULT_ID_DUPLICATE")
    if not all(1 <= len(one.encode()) <= 64 for one in ids):
        raise bad_request("RESULT_ID_INVALID")
    query.results = results
    request.acted()
    return True


METHODS: dict[str, Method] = {
    "answercallbackquery": answer_callback,
    "answerinlinequery": answer_inline,
}
