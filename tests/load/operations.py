"""The operations that the load consists of, over kept connections."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cognito_app.core import srp

USERS = 40
PASSWORD = "Load-Horse-4!"
Call = Callable[[int], None]
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


class Line:
    """A kept connection that spends little of the processors it shares with the server."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> bytes:
        """Send a request as it stands and return the body of a success."""
        self.socket.sendall(request)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        length = int(_LENGTH.search(received[:end])[1])  # type: ignore[index]  # the server always sends it
        while len(received) < end + 4 + length:
            received += self._more()
        if not received.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{request[:200]!r}: {received[:400]!r}")
        return received[end + 4 :]

    def _more(self) -> bytes:
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise RuntimeError("the server closed the connection")
        return chunk


class Server:
    """Makes calls to a running server; one connection for each function that it returns."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.address = urlsplit(facts["endpoint"])
        self.signer = SigV4Auth(
            Credentials(facts["access_key_id"], facts["secret_access_key"]), "cognito-idp", facts["region"]
        )

    def connection(self) -> Line:
        """Return a kept connection."""
        return Line(self.address.port or 80)

    def call(self, line: Line, operation: str, body: Any, *, signed: bool = False) -> Any:
        """Run an AWS operation."""
        return json.loads(line.send(self.request(operation, body, signed=signed)))

    def request(self, operation: str, body: Any, *, signed: bool = False) -> bytes:
        """Return the bytes of a request."""
        text = json.dumps(body)
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
            "Host": self.address.netloc,
        }
        if signed:
            request = AWSRequest("POST", self.facts["endpoint"] + "/", data=text, headers=headers)
            self.signer.add_auth(request)
            headers = dict(request.headers.items())
        return _bytes("POST", "/", text, headers)

    def repeated(self, requests: list[bytes]) -> Call:
        """Send prepared requests in turn: a signature is good for five minutes."""
        line = self.connection()

        def call(number: int) -> None:
            line.send(requests[number % len(requests)])

        return call

    def _auth(self, flow: str, parameters: dict[str, str]) -> dict[str, Any]:
        return {"ClientId": self.facts["client_id"], "AuthFlow": flow, "AuthParameters": parameters}

    def password(self) -> Call:
        """Sign in by password."""
        line = self.connection()
        return lambda n: self.call(line, "InitiateAuth", self._auth("USER_PASSWORD_AUTH", _credentials(n)))

    def by_srp(self) -> Call:
        """Sign in by SRP, both requests; the client's powers are not the server's."""
        line = self.connection()
        return lambda n: self._srp(line, f"load{n % USERS}")

    def _srp(self, line: Line, username: str) -> None:
        a = int.from_bytes(secrets.token_bytes(32), "big")
        public_a = srp._power(srp.G, a)
        first = self.call(
            line, "InitiateAuth", self._auth("USER_SRP_AUTH", {"USERNAME": username, "SRP_A": f"{public_a:x}"})
        )
        given = first["ChallengeParameters"]
        scope = self.facts["user_pool_id"].split("_")[1]
        inner = hashlib.sha256(f"{scope}{given['USER_ID_FOR_SRP']}:{PASSWORD}".encode()).digest()
        x = int.from_bytes(hashlib.sha256(srp.pad(int(given["SALT"], 16)) + inner).digest(), "big")
        public_b = int(given["SRP_B"], 16)
        u = int.from_bytes(hashlib.sha256(srp.pad(public_a) + srp.pad(public_b)).digest(), "big")
        shared = srp._power((public_b - srp.K * srp._power(srp.G, x)) % srp.N, a + u * x)
        extracted = hmac.digest(srp.pad(u), srp.pad(shared), "sha256")
        key = hmac.digest(extracted, srp.LABEL, "sha256")[:16]
        stamp = time.strftime("%a %b %-d %H:%M:%S UTC %Y", time.gmtime())
        block = base64.b64decode(given["SECRET_BLOCK"])
        self.call(
            line,
            "RespondToAuthChallenge",
            {
                "ClientId": self.facts["client_id"],
                "ChallengeName": "PASSWORD_VERIFIER",
                "ChallengeResponses": {
                    "USERNAME": given["USERNAME"],
                    "TIMESTAMP": stamp,
                    "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"],
                    "PASSWORD_CLAIM_SIGNATURE": srp.claim_signature(key, scope, given["USER_ID_FOR_SRP"], block, stamp),
                },
            },
        )

    def sign_up_and_confirm(self) -> Call:
        """Register a user, and confirm as an administrator."""
        line = self.connection()

        def call(number: int) -> None:
            name = f"new-{secrets.token_hex(8)}"
            body = {"ClientId": self.facts["client_id"], "Username": name, "Password": PASSWORD}
            self.call(line, "SignUp", body)
            target = {"UserPoolId": self.facts["user_pool_id"], "Username": name}
            self.call(line, "AdminConfirmSignUp", target, signed=True)

        return call

    def tokens(self, number: int) -> Any:
        """Return the tokens of a load user."""
        return self.call(self.connection(), "InitiateAuth", self._auth("USER_PASSWORD_AUTH", _credentials(number)))[
            "AuthenticationResult"
        ]

    def refresh(self) -> Call:
        """Renew tokens."""
        held = [self.tokens(n)["RefreshToken"] for n in range(4)]
        flows = [self._auth("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": token}) for token in held]
        return self.repeated([self.request("InitiateAuth", flow) for flow in flows])

    def get_user(self) -> Call:
        """Read the own user."""
        held = [self.tokens(n)["AccessToken"] for n in range(4)]
        return self.repeated([self.request("GetUser", {"AccessToken": token}) for token in held])

    def admin_get_user(self, pool_id: str | None = None, count: int = USERS) -> Call:
        """Read a user as an administrator."""
        pool = pool_id or self.facts["user_pool_id"]
        names = [f"load{number * 7919 % count}" for number in range(100)]
        asked = [{"UserPoolId": pool, "Username": name} for name in names]
        return self.repeated([self.request("AdminGetUser", body, signed=True) for body in asked])

    def list_users(self, pool_id: str, **given: Any) -> Call:
        """Read a page of users."""
        return self.repeated([self.request("ListUsers", {"UserPoolId": pool_id, **given}, signed=True)])

    def page_token(self, pool_id: str) -> str:
        """Return the token of the second page."""
        answer = self.call(self.connection(), "ListUsers", {"UserPoolId": pool_id}, signed=True)
        return str(answer["PaginationToken"])

    def last_page_token(self, pool_id: str) -> str:
        """Return the token of the last page, found by walking there."""
        line, token, answer = self.connection(), "", {"PaginationToken": self.page_token(pool_id)}
        while following := answer.get("PaginationToken"):
            token = following
            body = {"UserPoolId": pool_id, "PaginationToken": token}
            answer = self.call(line, "ListUsers", body, signed=True)
        return token

    def client_credentials(self) -> Call:
        """Ask for a token of a client."""
        pair = f"{self.facts['confidential_client_id']}:{self.facts['confidential_client_secret']}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": self.address.netloc,
        }
        body = urlencode({"grant_type": "client_credentials", "scope": "demo/read"})
        return self.repeated([_bytes("POST", f"/{self.facts['user_pool_id']}/oauth2/token", body, headers)])

    def document(self, name: str) -> Call:
        """Read a published document."""
        path = f"/{self.facts['user_pool_id']}/.well-known/{name}"
        return self.repeated([_bytes("GET", path, "", {"Host": self.address.netloc})])


def filters(number: int, pool_id: str) -> list[str]:
    """Return a filter of each attribute and kind: most name one user, the last ones every user."""
    single = {
        "username": f"load{number}",
        "email": f"load{number}@example.com",
        "phone_number": f"+1555{number:08d}",
        "preferred_username": f"user{number}",
        "name": f"Load {number}",
        "family_name": f"Family{number}",
        "sub": f"{number:08d}-0000-4000-8000-{pool_id[-9:]:0>12}",
    }
    every = {"given_name": "Load", "cognito:user_status": "CONFIRMED", "status": "Enabled"}
    broad = {"username": "l", "email": "load", "phone_number": "+1", "name": "L", "given_name": "Lo", "sub": "0"}
    return [
        *(f'{name} {operator} "{value}"' for name, value in single.items() for operator in ("=", "^=")),
        *(f'{name} = "{value}"' for name, value in every.items()),
        *(f'{name} ^= "{value}"' for name, value in broad.items()),
    ]


def _bytes(method: str, path: str, body: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body]).encode()


def _credentials(number: int) -> dict[str, str]:
    return {"USERNAME": f"load{number % USERS}", "PASSWORD": PASSWORD}
