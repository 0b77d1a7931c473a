// Passkeys on the hosted pages: the browser's answer goes into a form field, and the form is sent.
"use strict";

(() => {
  const decode = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const described = (list) => (list ?? []).map((item) => ({ ...item, id: decode(item.id) }));

  function requestOf(options) {
    return { ...options, challenge: decode(options.challenge), allowCredentials: described(options.allowCredentials) };
  }

  function creationOf(options) {
    return {
      ...options,
      challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    };
  }

  function documentOf(credential) {
    const given = credential.response;
    const response = { clientDataJSON: encode(given.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (given[name]) response[name] = encode(given[name]);
    }
    if (given.getTransports) response.transports = given.getTransports();
    return {
      id: credential.id,
      rawId: encode(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
      ...(credential.authenticatorAttachment ? { authenticatorAttachment: credential.authenticatorAttachment } : {}),
    };
  }

  const form = document.querySelector("form[data-passkey]");
  if (!form) return;
  const kind = form.dataset.passkey;
  const failed = document.querySelector("[data-failed]");
  const button = document.querySelector("[data-start]");
  let waiting;

  async function ask(extra = {}) {
    waiting?.abort();
    waiting = new AbortController();
    const given = JSON.parse(form.dataset.options);
    const signal = waiting.signal;
    const credential =
      kind === "create"
        ? await navigator.credentials.create({ publicKey: creationOf(given), signal })
        : await navigator.credentials.get({ publicKey: requestOf(given), signal, ...extra });
    form.elements.credential.value = JSON.stringify(documentOf(credential));
    form.submit();
  }

  async function start() {
    if (failed) failed.hidden = true;
    button.disabled = true;
    try {
      await ask();
    } catch {
      if (failed) failed.hidden = false;
      button.disabled = false;
      button.focus();
    }
  }

  async function fillIn() {
    if (!(await window.PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    try {
      await ask({ mediation: "conditional" });
    } catch {
      // The user took another way.
    }
  }

  if (!window.PublicKeyCredential) {
    document.querySelector("[data-unsupported]")?.removeAttribute("hidden");
    return;
  }
  button.hidden = false;
  button.addEventListener("click", start);
  if (kind === "any") fillIn();
  if (form.dataset.auto) start();
})();
