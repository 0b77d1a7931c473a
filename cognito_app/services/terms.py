"""Terms of use and privacy policies of app clients: links by language.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from cognito_app.core import clock, ids
from cognito_app.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
    TermsExistsException,
)
from cognito_app.models import Terms
from cognito_app.services import keyset, stamps
from cognito_app.services.actor import Actor, audit
from cognito_app.services.branding.holding import hold
from cognito_app.services.config import PoolConfig, stamp_of

MAX_TERMS = 40
LARGEST_PAGE = 60
DEFAULT_LANGUAGE = "cognito:default"
TERMS_OF_USE, PRIVACY_POLICY = "terms-of-use", "privacy-policy"
LANGUAGES = {
    "de": "cognito:german",
    "en": "cognito:english",
    "es": "cognito:spanish",
    "fr": "cognito:french",
    "id": "cognito:bahasa-indonesia",
    "it": "cognito:italian",
    "ja": "cognito:japanese",
    "ko": "cognito:korean",
    "nl": "cognito:dutch",
    "pt-BR": "cognito:portuguese-brazil",
    "zh-CN": "cognito:chinese-simplified",
    "zh-TW": "cognito:chinese-traditional",
}
"""The pages' languages, and their names in ``links``."""


def find(pool: PoolConfig, terms_id: str) -> Terms:
    """Return a document. Raises ResourceNotFoundException."""
    return _only(pool, pk=terms_id)


def find_of_client(pool: PoolConfig, client_id: str, name: str) -> Terms:
    """Return a client's document of a name. Raises ResourceNotFoundException."""
    return _only(pool, client_id=client_id, name=name)


def _only(pool: PoolConfig, **which: str) -> Terms:
    row = Terms.objects.filter(pool_id=pool.id, **which).first()
    if row is None:
        raise ResourceNotFoundException("Terms do not exist.")
    return row


def create(
    pool: PoolConfig,
    actor: Actor,
    *,
    client_id: str,
    name: str,
    source: str,
    enforcement: str,
    links: dict[str, str] | None,
) -> Terms:
    """Give a client a document.

    Raises TermsExistsException, ResourceNotFoundException, InvalidParameterException, LimitExceededException.
    """
    now = clock.now()
    row = Terms(
        id=ids.uuid4(),
        pool_id=pool.id,
        client_id=client_id,
        name=name,
        source=source,
        enforcement=enforcement,
        links=_checked(links or {}),
        created_at=now,
        modified_at=now,
    )
    try:
        with transaction.atomic():
            hold(pool, client_id)
            others = Terms.objects.filter(pool_id=pool.id)
            if others.filter(client_id=client_id, name=name).exists():
                raise _exists(name)
            if others[MAX_TERMS - 1 : MAX_TERMS].exists():
                raise LimitExceededException("Maximum number of terms for the user pool exceeded.")
            row.save(force_insert=True)
            stamps.bump(stamp_of(pool.id))
            audit(actor, "CreateTerms", pool_id=pool.id, subject=client_id, name=name)
    except IntegrityError:
        raise _exists(name) from None
    return row


def update(
    pool: PoolConfig,
    actor: Actor,
    terms_id: str,
    *,
    name: str | None = None,
    source: str | None = None,
    enforcement: str | None = None,
    links: dict[str, str] | None = None,
) -> Terms:
    """Change what is given; links are replaced together.

    Raises ResourceNotFoundException, TermsExistsException, InvalidParameterException.
    """
    checked = None if links is None else _checked(links)
    try:
        with transaction.atomic():
            row = _locked(pool, terms_id)
            row.name = name or row.name
            row.source = source or row.source
            row.enforcement = enforcement or row.enforcement
            row.links = row.links if checked is None else checked
            row.modified_at = clock.now()
            row.save()
            stamps.bump(stamp_of(pool.id))
            audit(actor, "UpdateTerms", pool_id=pool.id, subject=row.client_id, name=row.name)
    except IntegrityError:
        raise _exists(name or "") from None
    return row


def delete(pool: PoolConfig, actor: Actor, terms_id: str) -> None:
    """Delete a document. Raises ResourceNotFoundException."""
    with transaction.atomic():
        row = _locked(pool, terms_id)
        row.delete()
        stamps.bump(stamp_of(pool.id))
        audit(actor, "DeleteTerms", pool_id=pool.id, subject=row.client_id, name=row.name)


def page(pool: PoolConfig, *, limit: int | None, token: str | None) -> tuple[list[Terms], str | None]:
    """Return a page of the pool's documents, oldest first, and the token of the next."""
    rows = Terms.objects.filter(pool_id=pool.id)
    return keyset.by_age(rows, scope=f"ListTerms:{pool.id}", limit=limit or LARGEST_PAGE, token=token)


def shown(pool: PoolConfig, client_id: str, language: str | None) -> dict[str, str] | None:
    """Return a client's links in a language of the pages (English unless given), by name of the document.

    None unless the client has both documents.
    """
    rows = Terms.objects.filter(pool_id=pool.id, client_id=client_id).values_list("name", "links")
    wanted = LANGUAGES.get(language or "en", DEFAULT_LANGUAGE)
    links = {name: by_language.get(wanted, by_language[DEFAULT_LANGUAGE]) for name, by_language in rows}
    return links if {TERMS_OF_USE, PRIVACY_POLICY} <= set(links) else None


def _locked(pool: PoolConfig, terms_id: str) -> Terms:
    row = Terms.objects.select_for_update().filter(pool_id=pool.id, pk=terms_id).first()
    if row is None:
        raise ResourceNotFoundException("Terms do not exist.")
    return row


def _exists(name: str) -> TermsExistsException:
    return TermsExistsException(f"Terms with the name {name} already exist for this client.")


def _checked(links: dict[str, str]) -> dict[str, str]:
    if DEFAULT_LANGUAGE not in links:
        raise InvalidParameterException(f"Links must have an entry for {DEFAULT_LANGUAGE}.")
    for language, url in links.items():
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            usable = False
        if not usable:
            raise InvalidParameterException(f"The link for {language} must be an http or https URL.")
    return links
