"""CSS and logo of the classic hosted pages."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client

from cognito_app.models import UICustomization
from tests.aws.pictures import ICO, JPEG, png
from tests.conftest import App, make_app, refused

pytestmark = pytest.mark.django_db

CSS = ".label-customizable { font-weight: 400; color: #123456; }"
NO_DOMAIN = "There has to be an existing domain associated with this user pool"


@pytest.fixture
def app(app: App) -> App:
    """A pool with a domain."""
    app.idp.create_user_pool_domain(Domain="classic-look", UserPoolId=app.pool_id)
    return app


def put(app: App, **members: Any) -> Any:
    """Set the customization."""
    return app.idp.set_ui_customization(UserPoolId=app.pool_id, **members)["UICustomization"]


def get(app: App, **members: str) -> Any:
    """Get the customization."""
    return app.idp.get_ui_customization(UserPoolId=app.pool_id, **members)["UICustomization"]


@pytest.mark.operation("SetUICustomization")
@pytest.mark.operation("GetUICustomization")
def test_a_client_without_its_own_has_that_of_all(app: App) -> None:
    assert get(app) == get(app, ClientId=app.client_id) == {}
    stored = put(app, CSS=CSS, ImageFile=png())
    assert (stored["ClientId"], stored["CSS"], stored["UserPoolId"]) == ("ALL", CSS, app.pool_id)
    assert get(app) == get(app, ClientId=app.client_id) == stored
    own = put(app, ClientId=app.client_id, CSS=".background-customizable{background-color:#fff}")
    assert "ImageUrl" not in own
    assert get(app, ClientId=app.client_id) == own
    assert get(app) == get(app, ClientId="ALL") == stored


def test_the_image_is_served_under_its_url(app: App) -> None:
    for content, kind in ((png(), "image/png"), (JPEG, "image/jpeg")):
        address = put(app, ImageFile=content)["ImageUrl"]
        answer = Client().get(address.removeprefix("http://localhost:8000"))
        assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, content, kind)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer["Cache-Control"]
        assert "sandbox" in answer["Content-Security-Policy"]


def test_each_change_has_another_version_and_the_old_image_is_gone(app: App) -> None:
    with time_machine.travel("2026-01-15T19:19:28Z", tick=False):
        first, second = put(app, ImageFile=png()), put(app, ImageFile=png(1))
    assert (first["CSSVersion"], second["CSSVersion"]) == ("20260115191928", "20260115191929")
    paths = [item["ImageUrl"].removeprefix("http://localhost:8000") for item in (first, second)]
    assert [Client().get(path).status_code for path in paths] == [404, 200]


def test_the_image_of_another_pool_or_name_is_not_found(app: App, idp: Any, inbox: Any) -> None:
    path = put(app, ImageFile=png())["ImageUrl"].removeprefix("http://localhost:8000")
    other = make_app(idp, inbox)
    for wrong in (
        path.replace(app.pool_id, other.pool_id),
        path.replace("/ALL/", f"/{app.client_id}/"),
        path.replace(".png", ".jpg"),
        path.replace(app.pool_id, "us-east-1_nothing00"),
    ):
        assert Client().get(wrong).status_code == 404
    assert Client().post(path).status_code == 405


def test_css_and_image_are_replaced_together(app: App) -> None:
    put(app, CSS=CSS, ImageFile=png())
    assert "ImageUrl" not in put(app, CSS=CSS)
    assert "CSS" not in put(app, ImageFile=png())


def test_without_css_and_image_the_customization_is_taken_away(app: App) -> None:
    put(app, CSS=CSS)
    put(app, ClientId=app.client_id, ImageFile=png())
    assert put(app, ClientId=app.client_id) == {"UserPoolId": app.pool_id, "ClientId": app.client_id}
    assert get(app, ClientId=app.client_id)["ClientId"] == "ALL"
    put(app)
    assert get(app) == {}
    assert not UICustomization.objects.exists()


def test_a_pool_needs_a_domain(idp: Any, inbox: Any) -> None:
    bare = make_app(idp, inbox)
    with refused("InvalidParameterException", NO_DOMAIN):
        put(bare, CSS=CSS)
    assert get(bare) == {}


def test_the_client_must_be_of_the_pool(app: App, idp: Any, inbox: Any) -> None:
    other = make_app(idp, inbox)
    for client_id in (other.client_id, "unknown"):
        for call in (put, get):
            with refused("ResourceNotFoundException", f"User pool client {client_id} does not exist."):
                call(app, ClientId=client_id)
    with refused("ResourceNotFoundException"):
        idp.get_ui_customization(UserPoolId="us-east-1_nothing00")


@pytest.mark.parametrize(
    "css",
    [
        "body { color: red }",
        ".label { color: red }",
        ".label-customizable div { color: red }",
        ".label-customizable:hover { color: red }",
        ".label-customizable, body { color: red }",
        "@import 'https://evil.example/x.css';",
        "@media screen { .label-customizable { color: red } }",
        ".label-customizable { color: red",
        ".label-customizable color: red }",
        ".label-customizable { color }",
        ".label-customizable { color: }",
        ".label-customizable { color: red } /* open",
        ".label-customizable { color: red } trailing",
        ".background-customizable { background-color: url(https://evil.example/x) }",
        ".background-customizable { background-image: URL (https://evil.example/x) }",
        ".background-customizable { background-color: image-set('x' 1x) }",
        ".background-customizable { background-color: u\\72l(x) }",
        ".label-customizable { color: expression(alert(1)) }",
        ".label-customizable { color: var(--x) }",
        ".label-customizable { color: red }</style><script>alert(1)</script>",
        ".label-customizable { color: '</style>' }",
        ".label-customizable { color: javascript:alert(1) }",
    ],
)
def test_css_outside_of_the_classes_is_refused(app: App, css: str) -> None:
    with refused("InvalidParameterException"):
        put(app, CSS=css)
    assert get(app) == {}


def test_the_image_must_be_a_png_or_jpeg_of_100_kb(app: App) -> None:
    for content in (ICO, b"GIF89a", b"<svg/>", png() + bytes(100 * 1024)):
        with refused("InvalidParameterException"):
            put(app, ImageFile=content)
    with refused("InvalidParameterException", "request parameters too large"):
        put(app, CSS="/*" + "x" * 131_000 + "*/", ImageFile=png() + bytes(90 * 1024))
    assert put(app, ImageFile=png() + bytes(99 * 1024))["ImageUrl"]


def test_a_deleted_client_leaves_no_customization(app: App) -> None:
    put(app, ClientId=app.client_id, CSS=CSS)
    put(app, CSS=CSS)
    app.idp.delete_user_pool_client(UserPoolId=app.pool_id, ClientId=app.client_id)
    assert [row.client_id for row in UICustomization.objects.all()] == ["ALL"]
