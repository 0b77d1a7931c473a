"""The Django app."""

from __future__ import annotations

from django.apps import AppConfig


class ObjectStorageConfig(AppConfig):
    """Buckets and objects."""

    name = "cognito_app.contrib.object_storage"
    label = "cognito_objects"
    verbose_name = "Object storage"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cognito_app.contrib.object_storage import files
        from cognito_app.services import upkeep

        upkeep.ALSO_SWEPT.append(files.sweep_all)
