"""SAML sign-in: when metadata is read again."""

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def read_again(apps: Any, schema_editor: Any) -> None:
    """Metadata from a URL that was read before is read again soon."""
    rows = apps.get_model("cognito_app", "IdentityProvider").objects.filter(type="SAML")
    rows.filter(details__has_key="MetadataURL").update(metadata_due_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("cognito_app", "0007_federation")]

    operations = [
        migrations.AddField(
            model_name="identityprovider",
            name="metadata_due_at",
            field=models.DateTimeField(db_index=True, null=True),
        ),
        migrations.RunPython(read_again, migrations.RunPython.noop),
    ]
