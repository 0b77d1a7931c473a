"""The app's settings: one dict ``COGNITO`` in Django's settings, read live, with typed defaults."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any

from django.conf import settings

_GUEST_ACTIONS = [
    "s3:*",
    "dynamodb:*",
    "execute-api:*",
    "lambda:InvokeFunction",
    "appsync:GraphQL",
    "cognito-identity:*",
    "cognito-idp:*",
    "cognito-sync:*",
    "sqs:*",
    "sns:*",
    "logs:*",
    "firehose:*",
    "kinesis:*",
    "polly:*",
    "comprehend:*",
    "translate:*",
    "transcribe:*",
    "rekognition:*",
    "mobiletargeting:*",
    "personalize:*",
    "rum:PutRumEvents",
    "sagemaker:InvokeEndpoint",
]


def _guest_scope_down() -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": _GUEST_ACTIONS, "Resource": "*"}],
    }


@dataclass(frozen=True, slots=True)
class Configuration:
    """Values of ``settings.COGNITO``; the key is the field's name in capitals.

    public_url: scheme, host and port under which clients reach this installation, without a final slash.
    issuer_template: the ``iss`` of user pool tokens; ``{public_url}``, ``{region}`` and ``{pool_id}`` are filled in.
    identity_token_issuer: the ``iss`` of identity pool tokens; ``None`` means ``public_url``.
    region, account_id: what ids and ARNs are made of.
    signing_regions: regions accepted in signatures; empty accepts any.
    master_keys: ``"<key id>:<base64 of 32 bytes>"``; the first seals, all open. Required unless ``DEBUG`` is on.
    development: messages may land in the inbox, operators may skip the second factor.
    any_key: signatures of unknown access keys are taken as an administrator's (for those who come from emulators).
    rate_limits: whether it is limited how many messages a user may ask for (guessing limits always are in force).
    guesses_per_address: wrong passwords and codes that one address may send to a pool in an hour; ``None`` is no limit.
        Counted are users' own addresses: not those of servers, known by a client secret or IAM (set TRUSTED_PROXIES).
    request_quotas: whether requests are counted and held to a number a second by category.
    redis_url: the Redis that counts requests; ``None`` counts them in the database.
    maximum_limits: by category, the most requests a second that UpdateProvisionedLimit may set.
    replica_regions: regions of other sites on the same database, where replicas of pools may be made.
    background_delivery: whether messages of clients that hide who exists are sent by threads of their own, outside of
        the request; else inside (for tests).
    outbox_dir: folder that gets a copy of every message as a file, or ``None``.
    auth_base_domain: ``<prefix>.<this>`` addresses a pool's domain by host; ``None`` switches that off.
    domain_addressing: ``path`` or ``host``: which form of a pool's domain is printed and put in links.
    email_from: sender address of pools that name none.
    email_channels: mail servers by SourceArn: ``{"backend": dotted path, "options": {...}}`` (``docs/messages.md``).
    sms_backend, sms_options: dotted path of the SMS backend and what it needs (``messages/backends``).
    accept_language: whether the pages speak the language that the browser prefers where nobody asked for one.
    page_languages: languages of the pages besides Cognito's, whose catalogs the operator has in ``LOCALE_PATHS``.
    password_slots: how many password hashes may run at once in one process.
    guest_scope_down_policy: session policy put on guests' credentials in the enhanced flow.
    trusted_proxies: number of proxies in front whose X-Forwarded-For entries are believed.
    demo_storage_dir: folder of the demo service's notes; ``None`` switches the demo service off.
    all_features: every pool has the features of every tier, whichever it is in.
    outgoing_private_networks: whether identity providers may be in private networks, on any port, without TLS.
    login_providers: by key of an identity pool's public provider, where it is asked (``services/login_providers``);
        ``None`` switches the provider off.
    saml_audience, saml_recipients: whom SAML assertions for identity pools and STS must be for, and the addresses
        that they may have been sent to; ``{public_url}`` is filled in.
    triggers: where Lambda functions run, by ARN (``triggers/targets.py``); by default nowhere.
    """

    public_url: str = "http://localhost:8000"
    issuer_template: str = "{public_url}/{pool_id}"
    identity_token_issuer: str | None = None
    region: str = "us-east-1"
    account_id: str = "000000000000"
    signing_regions: tuple[str, ...] = ()
    master_keys: tuple[str, ...] = ()
    development: bool = False
    any_key: bool = False
    rate_limits: bool = True
    guesses_per_address: int | None = 1000
    request_quotas: bool = False
    redis_url: str | None = None
    maximum_limits: dict[str, int] = field(default_factory=dict)
    replica_regions: tuple[str, ...] = ()
    background_delivery: bool = True
    outbox_dir: str | None = None
    auth_base_domain: str | None = None
    domain_addressing: str = "path"
    email_from: str = "no-reply@localhost"
    email_channels: dict[str, Any] = field(default_factory=dict)
    sms_backend: str = "cognito_app.messages.backends.sms.NoBackend"
    sms_options: dict[str, Any] = field(default_factory=dict)
    accept_language: bool = False
    page_languages: tuple[str, ...] = ()
    password_slots: int = 2
    guest_scope_down_policy: dict[str, Any] = field(default_factory=_guest_scope_down)
    trusted_proxies: int = 0
    demo_storage_dir: str | None = None
    all_features: bool = False
    outgoing_private_networks: bool = False
    login_providers: dict[str, Any] = field(default_factory=dict)
    saml_audience: str = "urn:amazon:webservices"
    saml_recipients: tuple[str, ...] = ("https://signin.aws.amazon.com/saml", "{public_url}/saml")
    triggers: dict[str, Any] = field(default_factory=dict)


FIELD_NAMES = frozenset(item.name for item in fields(Configuration))


def debug_key(secret_key: str) -> str:
    """Return the master key of a project under development that has not set one: it follows from ``SECRET_KEY``."""
    return "debug:" + base64.b64encode(sha256(b"cognito_app:" + secret_key.encode()).digest()).decode()


class AppSettings:
    """Live view of ``settings.COGNITO``: an override in a test or a host project acts at once."""

    def __init__(self) -> None:
        self._source: dict[str, Any] | None = None
        self._built = Configuration()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.current(), name)

    def current(self) -> Configuration:
        """Return the configuration built from the present ``COGNITO`` dict (rebuilt only when that is replaced)."""
        source: dict[str, Any] = getattr(settings, "COGNITO", {})
        if source is not self._source:
            known = {key.lower(): value for key, value in source.items() if key.lower() in FIELD_NAMES}
            for name in ("master_keys", "signing_regions", "replica_regions", "saml_recipients", "page_languages"):
                if name in known:
                    known[name] = tuple(known[name])
            if not known.get("master_keys") and settings.DEBUG:
                known["master_keys"] = (debug_key(settings.SECRET_KEY),)
            self._built = Configuration(**known)
            self._source = source
        return self._built


app_settings: Configuration = AppSettings()  # type: ignore[assignment]  # reads like a Configuration, stays live
