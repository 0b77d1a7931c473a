"""SMS by Twilio's Messages resource.

``COGNITO["SMS_OPTIONS"]``: ``account_sid``, ``auth_token`` (or ``api_key`` and ``api_secret``), ``from`` or
``messaging_service_sid``, ``base_url`` (Twilio's own if left out).
Source: https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import urllib3

from cognito_app.messages import options
from cognito_app.messages.channel import Sms
from cognito_app.messages.failures import AccessRefused, Refused, Unavailable

BASE_URL = "https://api.twilio.com"
CONNECT_SECONDS = 2.0
SECONDS = 5.0
NO_ACCESS = (401, 403)
LATER = (408, 429)


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False)


class TwilioBackend:
    """Sends by an account of the operator's."""

    def send(self, sms: Sms) -> None:
        """Send a message. Raises Refused, AccessRefused, Unavailable, ImproperlyConfigured or what urllib3 raises."""
        account = options.sms_required("account_sid")
        base = str(options.sms("base_url", BASE_URL)).rstrip("/")
        response = _pool().request(
            "POST",
            f"{base}/2010-04-01/Accounts/{account}/Messages.json",
            fields={"To": sms.destination, "Body": sms.text, **_sender()},
            encode_multipart=False,
            headers=urllib3.make_headers(basic_auth=":".join(_credentials(account))),
            redirect=False,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=SECONDS),
        )
        if not 200 <= response.status < 300:
            raise _refusal(response.status, _code(response.data))


def _sender() -> dict[str, str]:
    service = options.sms("messaging_service_sid")
    return {"MessagingServiceSid": str(service)} if service else {"From": options.sms_required("from")}


def _credentials(account: str) -> tuple[str, str]:
    if options.sms("api_key"):
        return options.sms_required("api_key"), options.sms_required("api_secret")
    return account, options.sms_required("auth_token")


def _code(body: bytes) -> str:
    """Return Twilio's number of an error."""
    try:
        told: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return str(told.get("code", "")) if isinstance(told, dict) else ""


def _refusal(status: int, code: str) -> Exception:
    reason = f"Twilio{status}" + (f"-{code}" if code.isdigit() else "")
    if status in NO_ACCESS:
        return AccessRefused(reason)
    return Refused(reason) if 400 <= status < 500 and status not in LATER else Unavailable(reason)
