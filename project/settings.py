"""Settings of the stand-alone server: safe in production, comfortable in development (``COGNITO_DEVELOPMENT=1``)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from project import env
from project.logs import logging_configuration

DATA_DIR = env.data_dir()
DEVELOPMENT = env.flag("COGNITO_DEVELOPMENT")
PUBLIC_URL = (env.text("COGNITO_PUBLIC_URL") or "http://localhost:8000").rstrip("/")

_keys = env.development_keys(DATA_DIR) if DEVELOPMENT else {}

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY") or _keys.get("secret_key") or ""
_host = urlsplit(PUBLIC_URL).hostname or "localhost"
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or ([".localhost", "127.0.0.1", "[::1]", _host] if DEVELOPMENT else [_host])

INSTALLED_APPS = [
    # First, so that its catalogs speak where Django's translate the same English words in another way.
    "cognito_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "rest_framework",
    "cognito_app.contrib.object_storage",
]

# One middleware holds Django's own for the portal: the APIs bypass sessions, CSRF tokens and messages.
MIDDLEWARE = [
    "cognito_app.contrib.object_storage.middleware.ObjectStorageMiddleware",
    "project.middleware.PortalMiddleware",
]
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent.parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database(DATA_DIR)}
CACHES = {"default": env.cache()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/portal/login/"
OTP_TOTP_ISSUER = "Cognito portal"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [
    path for path in [Path(__file__).resolve().parent.parent / "static"] if path.is_dir() and path.name == "static"
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("COGNITO_BEHIND_TLS_PROXY") else None
SESSION_COOKIE_NAME = "portal_session"
CSRF_COOKIE_NAME = "portal_csrf"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/portal/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
SESSION_COOKIE_AGE = 8 * 60 * 60
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
X_FRAME_OPTIONS = "DENY"

EMAIL_BACKEND = env.text("EMAIL_BACKEND") or (
    "django.core.mail.backends.dummy.EmailBackend" if DEVELOPMENT else "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_HOST = env.text("EMAIL_HOST") or "localhost"
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 5

COGNITO = {
    "PUBLIC_URL": PUBLIC_URL,
    "ISSUER_TEMPLATE": env.text("COGNITO_ISSUER") or "{public_url}/{pool_id}",
    "IDENTITY_TOKEN_ISSUER": env.text("COGNITO_IDENTITY_ISSUER"),
    "REGION": env.text("COGNITO_REGION") or "us-east-1",
    "ACCOUNT_ID": env.text("COGNITO_ACCOUNT_ID") or "000000000000",
    "SIGNING_REGIONS": env.words("COGNITO_SIGNING_REGIONS"),
    "MASTER_KEYS": env.words("COGNITO_MASTER_KEYS") or _keys.get("master_keys", []),
    "DEVELOPMENT": DEVELOPMENT,
    "ANY_KEY": DEVELOPMENT and env.flag("COGNITO_ANY_KEY"),
    "RATE_LIMITS": not DEVELOPMENT,
    "GUESSES_PER_ADDRESS": env.number("COGNITO_GUESSES_PER_ADDRESS", 0 if DEVELOPMENT else 1000) or None,
    "REQUEST_QUOTAS": env.flag("COGNITO_REQUEST_QUOTAS", default=not DEVELOPMENT),
    "REDIS_URL": env.text("REDIS_URL"),
    "MAXIMUM_LIMITS": env.numbers("COGNITO_MAXIMUM_LIMITS"),
    "REPLICA_REGIONS": env.words("COGNITO_REPLICA_REGIONS"),
    "ALL_FEATURES": env.flag("COGNITO_ALL_FEATURES"),
    "OUTBOX_DIR": env.text("COGNITO_OUTBOX_DIR") or (str(DATA_DIR / "outbox") if DEVELOPMENT else None),
    "DEMO_STORAGE_DIR": str(DATA_DIR / "demo") if DEVELOPMENT else None,
    "AUTH_BASE_DOMAIN": env.text("COGNITO_AUTH_BASE_DOMAIN"),
    "DOMAIN_ADDRESSING": env.text("COGNITO_DOMAIN_ADDRESSING") or "path",
    "EMAIL_FROM": env.text("COGNITO_EMAIL_FROM") or "no-reply@localhost",
    "EMAIL_CHANNELS": env.document("COGNITO_EMAIL_CHANNELS"),
    "SMS_BACKEND": env.text("COGNITO_SMS_BACKEND") or "cognito_app.messages.backends.sms.NoBackend",
    "SMS_OPTIONS": env.document("COGNITO_SMS_OPTIONS"),
    "ACCEPT_LANGUAGE": env.flag("COGNITO_ACCEPT_LANGUAGE"),
    "PAGE_LANGUAGES": env.words("COGNITO_PAGE_LANGUAGES"),
    "PASSWORD_SLOTS": env.number("COGNITO_PASSWORD_SLOTS", 2),
    "TRUSTED_PROXIES": env.number("COGNITO_TRUSTED_PROXIES", 0),
    "OUTGOING_PRIVATE_NETWORKS": env.flag("COGNITO_OUTGOING_PRIVATE_NETWORKS"),
}

COGNITO_OBJECT_STORAGE = {
    "LOCATION": env.text("COGNITO_OBJECTS_DIR") or str(DATA_DIR / "objects"),
    "DOMAIN": env.text("COGNITO_OBJECTS_DOMAIN"),
}

LOGGING = logging_configuration(DEVELOPMENT)
