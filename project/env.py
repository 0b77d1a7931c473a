"""Environment variables: each may be given directly or as ``NAME_FILE``, the path of a file that holds it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import environ

DEFAULT_DATA_DIR = "var"


def text(name: str, default: str | None = None) -> str | None:
    """Return ``NAME``, or the stripped contents of the file that ``NAME_FILE`` points to, or the default."""
    value = os.environ.get(name)
    if value is not None:
        return value
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return default


def flag(name: str, default: bool = False) -> bool:
    """Return ``NAME`` as a boolean (1, true, yes, on)."""
    value = text(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    """Return ``NAME`` as a whole number."""
    value = text(name)
    return default if value is None else int(value)


def words(name: str) -> list[str]:
    """Return ``NAME`` split at commas and white space."""
    return (text(name) or "").replace(",", " ").split()


def numbers(name: str) -> dict[str, int]:
    """Return ``NAME`` as numbers by name, written as ``first=1, second=2``."""
    pairs = (word.partition("=") for word in words(name))
    return {key: int(value) for key, _, value in pairs}


def document(name: str) -> dict[str, Any]:
    """Return ``NAME`` as a JSON object; empty if it is not set."""
    loaded: dict[str, Any] = json.loads(text(name) or "{}")
    return loaded


def data_dir() -> Path:
    """Return the directory of the embedded database and the development keys."""
    return Path(text("COGNITO_DATA_DIR", DEFAULT_DATA_DIR) or DEFAULT_DATA_DIR).resolve()


def development_keys(directory: Path) -> dict[str, Any]:
    """Return the keys that ``quickstart`` made in the data directory, or an empty dict."""
    path = directory / "keys.json"
    if not path.is_file():
        return {}
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def database(directory: Path) -> dict[str, Any]:
    """Return Django's ``default`` database: ``DATABASE_URL``, else SQLite in WAL mode in the data directory."""
    url = text("DATABASE_URL")
    if url:
        configured: dict[str, Any] = environ.Env.db_url_config(url)
        if "sqlite" not in configured["ENGINE"]:
            # No health check: it would cost every request a query. A broken connection fails once and is replaced.
            # Statements that come again are prepared by the server, which saves their planning.
            options = {"server_side_binding": True, "prepare_threshold": 3}
            return {**configured, "CONN_MAX_AGE": None, "OPTIONS": {**configured.get("OPTIONS", {}), **options}}
        return {**configured, **_sqlite_options()}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(directory / "cognito.sqlite3"), **_sqlite_options()}


def _sqlite_options() -> dict[str, Any]:
    synchronous = text("SQLITE_SYNCHRONOUS", "NORMAL")
    return {
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};",
        },
    }


def cache() -> dict[str, Any]:
    """Return Django's ``default`` cache: ``REDIS_URL``, else memory of the process."""
    url = text("REDIS_URL")
    if url:
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}
    return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
