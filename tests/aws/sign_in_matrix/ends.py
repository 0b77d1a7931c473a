"""What a sign-in leaves behind, and what its tokens lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt
from django.utils import timezone

from cognito_app.models import AuthEvent, Device
from tests.aws.sign_in_matrix.pages import Pages
from tests.aws.sign_in_matrix.world import World, secret_hash

SHOWN = ("cognito:username", "email", "email_verified", "token_use", "cognito:groups")
FACTORS = ("UserMFASettingList", "PreferredMfaSetting", "MFAOptions")
KEPT = ("sub", "auth_time", "origin_jti", "event_id", "acr", "amr", "device_key")


@dataclass(frozen=True)
class End:
    """The state after a sign-in, the same whichever face led there."""

    identity: tuple[Any, ...]
    acr: Any
    amr: Any
    mfa: Any
    status: Any
    devices: int
    event: Any


def claims(token: str) -> dict[str, Any]:
    """Return what a token says."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def end_of(world: World, tokens: Any, client: Any) -> End:
    """Look at the state after a sign-in of ``client``, and check what holds for every one."""
    known, access = claims(tokens["IdToken"]), claims(tokens["AccessToken"])
    user = world.app.idp.admin_get_user(UserPoolId=world.app.pool_id, Username=world.name)
    sub = next(item["Value"] for item in user["UserAttributes"] if item["Name"] == "sub")
    assert (known["sub"], access["sub"], access["username"]) == (sub, sub, world.name)
    assert (known["aud"], access["client_id"]) == (client["ClientId"], client["ClientId"])
    assert known["auth_time"] == access["auth_time"] == int(timezone.now().timestamp())
    assert (known.get("acr"), known.get("amr")) == (access.get("acr"), access.get("amr"))
    assert known["origin_jti"] == access["origin_jti"]
    events = list(AuthEvent.objects.filter(user__sub=sub, created_at=timezone.now()))
    assert [str(event.pk) for event in events] == [access["event_id"]] == [known["event_id"]]
    event = events[0]
    devices = Device.objects.filter(user__sub=sub).exclude(confirmed_at=None).count()
    return End(
        identity=tuple(str(known.get(name)).replace(world.name, "NAME") for name in SHOWN),
        acr=known.get("acr"),
        amr=tuple(known.get("amr", ())),
        mfa=str([user.get(name) for name in FACTORS]),
        status=(user["UserStatus"], user["Enabled"]),
        devices=devices,
        event=(event.type, event.response, str(event.challenges)),
    )


def renew(world: World, tokens: Any, client: Any, pages: Pages | None = None) -> None:
    """Renew the tokens in every way there is; each tells of the same sign-in."""
    device = world.device if pages is None else None
    first = claims(tokens["AccessToken"])
    token, idp = tokens["RefreshToken"], world.app.idp
    key = {"DEVICE_KEY": device.key} if device else {}
    given = {"REFRESH_TOKEN": token, **key, **secret_hash(world.name, client)}
    secret = {"ClientSecret": client["ClientSecret"]} if "ClientSecret" in client else {}
    named = {"DeviceKey": device.key} if device else {}
    at = {"ClientId": client["ClientId"]}
    answers = [
        idp.initiate_auth(**at, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)["AuthenticationResult"],
        idp.get_tokens_from_refresh_token(**at, RefreshToken=token, **secret, **named)["AuthenticationResult"],
    ]
    found = [claims(answer["AccessToken"]) for answer in answers]
    if pages is not None:
        answer = pages.site.token(grant_type="refresh_token", refresh_token=token, **pages.secret()).json()
        found.append(claims(answer["access_token"]))
    for renewed in found:
        assert {name: renewed.get(name) for name in KEPT} == {name: first.get(name) for name in KEPT}
        assert renewed["scope"] == first["scope"]
