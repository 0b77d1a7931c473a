"""Managed login styles: one for each client, settings by structure, images by kind."""

from __future__ import annotations

from typing import Any

import pytest

from cognito_app.models import BrandingAsset, ManagedLoginBranding
from cognito_app.services.branding import styles
from tests.aws.pictures import ICO, JPEG, WEBP, png, svg
from tests.conftest import App, make_app, refused

pytestmark = pytest.mark.django_db

GREEN = {"components": {"primaryButton": {"lightMode": {"defaults": {"backgroundColor": "0b6e4fff"}}}}}


def asset(category: str = "FORM_LOGO", extension: str = "PNG", content: bytes | None = None, **more: str) -> Any:
    """Return an AssetType."""
    given = {"Category": category, "ColorMode": "LIGHT", "Extension": extension, **more}
    return {**given, "Bytes": png() if content is None else content}


def create(app: App, **members: Any) -> Any:
    """Give the app's client a style."""
    given = {"UserPoolId": app.pool_id, "ClientId": app.client_id, **members}
    return app.idp.create_managed_login_branding(**given)["ManagedLoginBranding"]


def update(app: App, style: Any, **members: Any) -> Any:
    """Change a style."""
    given = {"UserPoolId": app.pool_id, "ManagedLoginBrandingId": style["ManagedLoginBrandingId"], **members}
    return app.idp.update_managed_login_branding(**given)["ManagedLoginBranding"]


def describe(app: App, style: Any, **members: Any) -> Any:
    """Return a style as it is stored."""
    given = {"UserPoolId": app.pool_id, "ManagedLoginBrandingId": style["ManagedLoginBrandingId"], **members}
    return app.idp.describe_managed_login_branding(**given)["ManagedLoginBranding"]


@pytest.mark.operation("CreateManagedLoginBranding")
@pytest.mark.operation("DescribeManagedLoginBranding")
@pytest.mark.operation("DescribeManagedLoginBrandingByClient")
def test_a_style_is_found_by_its_id_and_by_its_client(app: App) -> None:
    image = asset(ResourceId="logo 1")
    created = create(app, Settings=GREEN, Assets=[image])
    assert created["UserPoolId"] == app.pool_id
    assert created["UseCognitoProvidedValues"] is False
    assert (created["Settings"], created["Assets"]) == (GREEN, [image])
    assert created["CreationDate"] == created["LastModifiedDate"]
    assert describe(app, created) == created
    by_client = app.idp.describe_managed_login_branding_by_client(UserPoolId=app.pool_id, ClientId=app.client_id)
    assert by_client["ManagedLoginBranding"] == created


def test_merged_resources_fill_in_the_defaults(app: App) -> None:
    created = create(app, Settings=GREEN)
    button = describe(app, created, ReturnMergedResources=True)["Settings"]["components"]["primaryButton"]
    assert button["lightMode"]["defaults"] == {"backgroundColor": "0b6e4fff", "textColor": "ffffffff"}
    assert button["lightMode"]["hover"]["backgroundColor"] == "033160ff"
    merged = app.idp.describe_managed_login_branding_by_client(
        UserPoolId=app.pool_id, ClientId=app.client_id, ReturnMergedResources=True
    )["ManagedLoginBranding"]["Settings"]
    assert merged["categories"]["global"]["colorSchemeMode"] == "LIGHT"
    assert "Settings" in update(app, created, Settings=merged)


def test_cognitos_values_exclude_settings_and_assets(app: App) -> None:
    for more in ({"Settings": GREEN}, {"Assets": [asset()]}):
        with refused("InvalidParameterException"):
            create(app, UseCognitoProvidedValues=True, **more)
    created = create(app, UseCognitoProvidedValues=True)
    assert created["UseCognitoProvidedValues"] is True
    assert "Settings" not in created
    assert created["Assets"] == []


def test_a_client_has_one_style(app: App) -> None:
    create(app)
    with refused("ManagedLoginBrandingExistsException"):
        create(app)
    other = app.client()
    assert create(app, ClientId=other["ClientId"])["ManagedLoginBrandingId"]


@pytest.mark.operation("UpdateManagedLoginBranding")
def test_an_update_keeps_what_it_does_not_name(app: App) -> None:
    created = create(app, Settings=GREEN, Assets=[asset(), asset("FAVICON_ICO", "ICO", ICO)])
    changed = update(app, created, Settings={"componentClasses": {"buttons": {"borderRadius": 20}}})
    assert changed["Settings"]["components"] == GREEN["components"]
    assert changed["Settings"]["componentClasses"]["buttons"]["borderRadius"] == 20
    assert len(changed["Assets"]) == 2
    assert changed["CreationDate"] == created["CreationDate"]
    assert changed["LastModifiedDate"] > created["LastModifiedDate"]
    replaced = update(app, created, Assets=[asset(content=png(9)), asset(ColorMode="DARK", content=png(5))])
    logos = [item for item in replaced["Assets"] if item["Category"] == "FORM_LOGO"]
    assert {item["ColorMode"]: item["Bytes"] for item in logos} == {"LIGHT": png(9), "DARK": png(5)}
    assert replaced["Settings"] == changed["Settings"]
    named = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "ResourceId": "mark"}
    kept = update(app, created, Assets=[named])
    assert {**named, "Bytes": png(9)} in kept["Assets"]


def test_cognitos_values_take_all_customization_away(app: App) -> None:
    created = create(app, Settings=GREEN, Assets=[asset()])
    reset = update(app, created, UseCognitoProvidedValues=True)
    assert (reset["UseCognitoProvidedValues"], reset["Assets"], reset.get("Settings")) == (True, [], None)
    assert BrandingAsset.objects.count() == 0
    assert update(app, created, Settings=GREEN)["UseCognitoProvidedValues"] is False


def test_an_update_needs_pool_and_style(app: App) -> None:
    created = create(app)
    with refused("InvalidParameterException"):
        app.idp.update_managed_login_branding(ManagedLoginBrandingId=created["ManagedLoginBrandingId"])
    with refused("InvalidParameterException"):
        app.idp.update_managed_login_branding(UserPoolId=app.pool_id)


@pytest.mark.operation("DeleteManagedLoginBranding")
def test_a_deleted_style_makes_room_for_another(app: App) -> None:
    created = create(app, Settings=GREEN, Assets=[asset()])
    app.idp.delete_managed_login_branding(
        UserPoolId=app.pool_id, ManagedLoginBrandingId=created["ManagedLoginBrandingId"]
    )
    assert BrandingAsset.objects.count() == 0
    with refused("ResourceNotFoundException"):
        describe(app, created)
    with refused("ResourceNotFoundException"):
        app.idp.describe_managed_login_branding_by_client(UserPoolId=app.pool_id, ClientId=app.client_id)
    with refused("ResourceNotFoundException"):
        update(app, created)
    with refused("ResourceNotFoundException"):
        app.idp.delete_managed_login_branding(
            UserPoolId=app.pool_id, ManagedLoginBrandingId=created["ManagedLoginBrandingId"]
        )
    create(app)


def test_a_style_belongs_to_its_pool(app: App, idp: Any, inbox: Any) -> None:
    created, other = create(app), make_app(idp, inbox)
    for call in (describe, update):
        with refused("ResourceNotFoundException"):
            call(other, created)
    with refused("ResourceNotFoundException"):
        idp.delete_managed_login_branding(
            UserPoolId=other.pool_id, ManagedLoginBrandingId=created["ManagedLoginBrandingId"]
        )
    for client_id in (app.client_id, "unknown"):
        with refused("ResourceNotFoundException", f"User pool client {client_id} does not exist."):
            create(other, ClientId=client_id)
        with refused("ResourceNotFoundException", f"User pool client {client_id} does not exist."):
            idp.describe_managed_login_branding_by_client(UserPoolId=other.pool_id, ClientId=client_id)
    with refused("ResourceNotFoundException"):
        create(app, UserPoolId="us-east-1_nothing00")
    assert describe(app, created)["ManagedLoginBrandingId"] == created["ManagedLoginBrandingId"]


def test_a_pool_has_twenty_styles_at_most(app: App) -> None:
    first = create(app)
    row = ManagedLoginBranding.objects.get()
    for number in range(styles.MAX_STYLES - 1):
        row.pk, row.client_id = f"00000000-0000-4000-8000-{number:012}", f"client{number}"
        row.save(force_insert=True)
    other = app.client()["ClientId"]
    with refused("LimitExceededException"):
        create(app, ClientId=other)
    app.idp.delete_managed_login_branding(
        UserPoolId=app.pool_id, ManagedLoginBrandingId=first["ManagedLoginBrandingId"]
    )
    create(app, ClientId=other)


def test_a_deleted_client_leaves_no_style(app: App) -> None:
    create(app, Assets=[asset()])
    app.idp.delete_user_pool_client(UserPoolId=app.pool_id, ClientId=app.client_id)
    assert not ManagedLoginBranding.objects.exists()
    assert not BrandingAsset.objects.exists()


@pytest.mark.parametrize(
    "document",
    [
        {"components": {"primaryButton": {"lightMode": {"defaults": {"backgroundColor": "#0b6e4f"}}}}},
        {"components": {"primaryButton": {"lightMode": {"defaults": {"backgroundColor": "0b6e4f"}}}}},
        {"components": {"pageBackground": {"lightMode": {"color": "ffffff;}"}}}},
        {"components": {"pageBackground": {"lightMode": {"color": 16}}}},
        {"components": {"pageBackground": {"lightMode": "ffffffff"}}},
        {"components": {"pageBackground": {"image": {"enabled": "yes"}}}},
        {"components": {"form": {"borderRadius": "8px"}}},
        {"components": {"form": {"borderRadius": True}}},
        {"components": {"form": {"borderRadius": -1}}},
        {"components": {"form": {"borderRadius": 1e300}}},
        {"components": {"form": {"logo": {"formInclusion": "NEAR"}}}},
        {"components": {"favicon": {"enabledTypes": "ICO"}}},
        {"components": {"favicon": {"enabledTypes": ["GIF"]}}},
        {"components": {"idpButton": {"custom": []}}},
        {"components": {"idpButton": {"custom": {"a": "x\x00"}}}},
        {"components": {"idpButton": {"custom": {"a": "x" * 30_000}}}},
        {"components": None},
        {"categories": {"global": {"colorSchemeMode": "SEPIA"}}},
        {"categories": {"global": {"spacingDensity": "a\x00b"}}},
        {"categories": {"auth": {"authMethodOrder": [{"display": "BUTTON"}]}}},
        {"categories": {"auth": {"authMethodOrder": [[{"display": "BUTTON", "type": "GUESS"}]]}}},
        {"categories": {"auth": {"federation": {"order": ["x"] * 301}}}},
        ["components"],
        "components",
        7,
    ],
)
def test_settings_are_checked_by_their_structure(app: App, document: Any) -> None:
    with refused("InvalidParameterException"):
        create(app, Settings=document)
    assert not ManagedLoginBranding.objects.exists()
    created = create(app, Settings=GREEN)
    with refused("InvalidParameterException"):
        update(app, created, Settings=document)
    assert describe(app, created)["Settings"] == GREEN


def test_settings_outside_of_the_structure_are_ignored(app: App) -> None:
    form = {"borderRadius": 3, "shadow": "big"}
    created = create(app, Settings={"components": {"form": form}, "extra": {"deep": [1, {"x": None}]}})
    assert created["Settings"] == {"components": {"form": {"borderRadius": 3}}}


def test_lists_and_the_providers_own_buttons_are_kept(app: App) -> None:
    given = {
        "categories": {"auth": {"federation": {"order": ["Okta", "Google"], "interfaceStyle": "BUTTON_LIST"}}},
        "components": {"idpButton": {"custom": {"Okta": {"lightMode": {"any": 1.5}}}}, "favicon": {"enabledTypes": []}},
    }
    created = create(app, Settings=given)
    assert created["Settings"] == given
    ordered = {"categories": {"auth": {"federation": {"order": ["Google"]}}}}
    assert update(app, created, Settings=ordered)["Settings"]["categories"]["auth"]["federation"] == {
        "order": ["Google"],
        "interfaceStyle": "BUTTON_LIST",
    }


@pytest.mark.parametrize(
    ("category", "extension", "content"),
    [
        ("FAVICON_ICO", "PNG", png()),
        ("FAVICON_SVG", "ICO", ICO),
        ("FORM_LOGO", "ICO", ICO),
        ("IDP_BUTTON_ICON", "JPEG", JPEG),
        ("FORM_LOGO", "PNG", JPEG),
        ("FORM_LOGO", "JPEG", png()),
        ("FORM_LOGO", "PNG", b""),
        ("FORM_LOGO", "PNG", b"<html></html>"),
        ("FORM_LOGO", "WEBP", b"RIFF...."),
        ("FORM_LOGO", "SVG", png()),
        ("FORM_LOGO", "SVG", b"<svg/>"),
        ("FORM_LOGO", "SVG", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
        ("FORM_LOGO", "SVG", svg("<script>alert(1)</script>")),
        ("FORM_LOGO", "SVG", svg('<g onload="alert(1)"/>')),
        ("FORM_LOGO", "SVG", svg("<foreignObject/>")),
        ("FORM_LOGO", "SVG", svg('<h:script xmlns:h="http://www.w3.org/1999/xhtml"/>')),
        ("FORM_LOGO", "SVG", svg('<image href="https://evil.example/x.png"/>')),
        ("FORM_LOGO", "SVG", svg('<image xlink:href="//evil.example/x.png"/>')),
        ("FORM_LOGO", "SVG", svg('<image href="data:image/svg+xml;base64,PHN2Zy8+"/>')),
        ("FORM_LOGO", "SVG", svg('<a href="javascript:alert(1)"><rect/></a>')),
        ("FORM_LOGO", "SVG", svg('<rect fill="url(https://evil.example/#a)"/>')),
        ("FORM_LOGO", "SVG", svg("<style>@import 'https://evil.example/x.css';</style>")),
        ("FORM_LOGO", "SVG", svg("<style>rect { fill: u\\72l(https://evil.example) }</style>")),
        ("FORM_LOGO", "SVG", svg('<animateTransform attributeName="xlink:href" to="x"/>')),
        ("FORM_LOGO", "SVG", svg("", before='<?xml-stylesheet href="https://evil.example/x.css"?>')),
        ("FORM_LOGO", "SVG", svg("<text>&a;</text>", before='<!DOCTYPE svg [<!ENTITY a "b">]>')),
        ("FORM_LOGO", "SVG", svg("", before='<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>')),
    ],
)
def test_wrong_and_unsafe_images_are_refused(app: App, category: str, extension: str, content: bytes) -> None:
    with refused("InvalidParameterException"):
        create(app, Assets=[asset(category, extension, content)])
    assert not ManagedLoginBranding.objects.exists()


@pytest.mark.parametrize(
    ("category", "extension", "content"),
    [
        ("FAVICON_ICO", "ICO", ICO),
        ("FAVICON_SVG", "SVG", svg()),
        ("IDP_BUTTON_ICON", "SVG", svg()),
        ("PAGE_BACKGROUND", "JPEG", JPEG),
        ("PAGE_BACKGROUND", "WEBP", WEBP),
        ("EMAIL_GRAPHIC", "SVG", svg('<style>.a{fill:#fff}</style><g fill="url(#x)" style="fill:url( \'#x\' )"/>')),
        ("FORM_LOGO", "SVG", svg('<metadata><r:RDF xmlns:r="urn:r"/></metadata><!-- drawn by hand -->')),
        ("FORM_LOGO", "SVG", svg('<image href="data:image/png;base64,iVBORw0KGgo="/>', before="<!DOCTYPE svg>")),
    ],
)
def test_each_category_takes_its_kinds(app: App, category: str, extension: str, content: bytes) -> None:
    assert create(app, Assets=[asset(category, extension, content)])["Assets"][0]["Bytes"] == content


def test_a_place_has_one_image_and_only_providers_have_several(app: App) -> None:
    with refused("InvalidParameterException"):
        create(app, Assets=[asset(), asset(content=png(1))])
    icons = [asset("IDP_BUTTON_ICON", "ICO", ICO, ResourceId=name) for name in ("okta", "google")]
    created = create(app, Assets=icons)
    assert len(created["Assets"]) == 2
    with refused("InvalidParameterException"):
        update(app, created, Assets=[asset("IDP_BUTTON_ICON", "ICO", ICO, ResourceId=f"n{n}") for n in range(39)])
    assert len(describe(app, created)["Assets"]) == 2


def test_an_image_without_bytes_stands_for_the_stored_one(app: App) -> None:
    bare = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG"}
    with refused("InvalidParameterException"):
        create(app, Assets=[bare])
    assert not ManagedLoginBranding.objects.exists()
    created = create(app, Assets=[asset()])
    assert update(app, created, Assets=[bare])["Assets"] == [asset()]
    with refused("InvalidParameterException"):
        update(app, created, Assets=[{**bare, "Extension": "SVG"}])


def test_a_request_has_two_megabytes_at_most(app: App) -> None:
    large = [asset(category, content=png() + bytes(900_000)) for category in ("FORM_LOGO", "PAGE_BACKGROUND")]
    with refused("InvalidParameterException"):
        create(app, Assets=large)
    created = create(app, Assets=large[:1])
    assert len(update(app, created, Assets=large[1:])["Assets"]) == 2
