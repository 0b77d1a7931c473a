# mypy: ignore-errors
"""An identity provider made of pysaml2, run by an interpreter that has it: ``pysaml2_idp.py <folder> [encrypted]``.

The folder holds ``key.pem`` and ``cert.pem``, and ``sp.xml`` from the first request on. It prints its address.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which
from urllib.parse import parse_qs, urlsplit

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORD
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

FOLDER = Path(sys.argv[1])
ENCRYPTED = "encrypted" in sys.argv
SHA256 = {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}
USER = {"mail": ["ann@example.com"], "givenName": ["Ann"], "eduPersonAffiliation": ["staff", "member"]}


def config(base: str, *, with_pool: bool) -> IdPConfig:
    """Return the settings, with the pool's metadata once it is there."""
    settings = {
        "entityid": f"{base}/metadata",
        "xmlsec_binary": which("xmlsec1"),
        "key_file": str(FOLDER / "key.pem"),
        "cert_file": str(FOLDER / "cert.pem"),
        "service": {
            "idp": {
                "endpoints": {
                    "single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_REDIRECT)],
                    "single_logout_service": [(f"{base}/slo", BINDING_HTTP_REDIRECT)],
                },
                "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_URI}},
                "want_authn_requests_signed": True,
            }
        },
    }
    if with_pool:
        settings["metadata"] = {"local": [str(FOLDER / "sp.xml")]}
    return IdPConfig().load(settings)


class Handler(BaseHTTPRequestHandler):
    """Metadata, signing in without a question, signing out."""

    base = ""

    def do_GET(self):
        """Answer."""
        parts = urlsplit(self.path)
        fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/metadata":
            return self.send(str(entity_descriptor(config(self.base, with_pool=False))))
        server = Server(config=config(self.base, with_pool=True))
        return self.send(getattr(self, parts.path.strip("/"))(server, fields))

    def sso(self, server, fields):
        """Verify a signed request and sign Ann in."""
        signature = {"sigalg": fields["SigAlg"], "signature": fields["Signature"], "relay_state": fields["RelayState"]}
        asked = server.parse_authn_request(fields["SAMLRequest"], BINDING_HTTP_REDIRECT, **signature)
        arguments = server.response_args(asked.message)
        answer = server.create_authn_response(
            USER,
            userid="ann",
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, sp_name_qualifier=asked.message.issuer.text, text="ann-1"),
            authn={"class_ref": PASSWORD, "authn_auth": self.base},
            sign_response=False,
            sign_assertion=True,
            encrypt_assertion=ENCRYPTED,
            encrypt_assertion_self_contained=False,
            **SHA256,
            **arguments,
        )
        return self.form(server, answer, arguments["destination"], fields)

    def slo(self, server, fields):
        """Verify a signed request to sign out and answer it."""
        signature = {"sigalg": fields["SigAlg"], "signature": fields["Signature"], "relay_state": fields["RelayState"]}
        asked = server.parse_logout_request(fields["SAMLRequest"], BINDING_HTTP_REDIRECT, **signature)
        assert asked.message.name_id.text == "ann-1"
        assert asked.message.session_index
        answer = server.create_logout_response(asked.message, [BINDING_HTTP_POST], sign=True, **SHA256)
        _, destination = server.pick_binding(
            "single_logout_service", [BINDING_HTTP_POST], "spsso", request=asked.message
        )
        return self.form(server, answer, destination, fields)

    def form(self, server, answer, destination, fields):
        """Return the page that posts an answer."""
        made = server.apply_binding(BINDING_HTTP_POST, str(answer), destination, fields["RelayState"], response=True)
        return made["data"]

    def send(self, text):
        """Send a page."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        """Stay silent."""


httpd = HTTPServer(("127.0.0.1", 0), Handler)
Handler.base = f"http://127.0.0.1:{httpd.server_port}"
print(Handler.base, flush=True)
httpd.serve_forever()
