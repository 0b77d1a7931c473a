"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig


class CognitoAppConfig(AppConfig):
    """Amazon Cognito, self-hosted."""

    name = "cognito_app"
    verbose_name = "Cognito"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from cognito_app import checks  # noqa: F401  # registers the system checks
        from cognito_app.models import stamp_notices

        connection_created.connect(stamp_notices.listen, dispatch_uid="cognito_stamps")
