// What a browser offers for passkeys, for libraries that run in Node: navigator.credentials with one authenticator in
// software. Keys and signatures are real. Source: https://www.w3.org/TR/webauthn-3/
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const [PRESENT, VERIFIED, HAS_CREDENTIAL] = [0x01, 0x04, 0x40]
const ES256 = -7

const hash = (data) => createHash('sha256').update(data).digest()
const exact = (data) => new Uint8Array(data).buffer
const url64 = (data) => Buffer.from(data).toString('base64url')

class PublicKeyCredential {
  type = 'public-key'
  authenticatorAttachment = 'platform'
  constructor(rawId, response) {
    Object.assign(this, { id: url64(rawId), rawId: exact(rawId), response })
  }
  getClientExtensionResults = () => ({})
}
class AuthenticatorAttestationResponse {
  constructor(parts) {
    Object.assign(this, parts)
  }
  getTransports = () => ['internal']
  getPublicKeyAlgorithm = () => ES256
  getAuthenticatorData = () => this.authenticatorData
  getPublicKey = () => this.publicKey
}
class AuthenticatorAssertionResponse {
  constructor(parts) {
    Object.assign(this, parts)
  }
}

// CBOR of the few things that occur here, of 24 to 255 bytes (RFC 8949).
const bytes = (data) => Buffer.concat([Buffer.from([0x58, data.length]), data])
const text = (word) => Buffer.concat([Buffer.from([0x60 + word.length]), Buffer.from(word)])

function coseKey({ x, y }) {
  const head = Buffer.from([0xa5, 1, 2, 3, 0x26, 0x20, 1])
  const [left, right] = [x, y].map((part) => bytes(Buffer.from(part, 'base64url')))
  return Buffer.concat([head, Buffer.from([0x21]), left, Buffer.from([0x22]), right])
}

function attestation(data) {
  const parts = [Buffer.from([0xa3]), text('fmt'), text('none'), text('attStmt'), Buffer.from([0xa0])]
  return Buffer.concat([...parts, text('authData'), bytes(data)])
}

// Give this process a browser's means for one passkey, as a page of an origin has them.
export function installAuthenticator(origin) {
  const made = new Map()
  const seen = (type, challenge) =>
    Buffer.from(JSON.stringify({ type, challenge: url64(challenge), origin, crossOrigin: false }))
  const head = (rpId, flags) => Buffer.concat([hash(rpId), Buffer.from([flags]), Buffer.alloc(4)])

  async function create({ publicKey: { rp, user, challenge, pubKeyCredParams } }) {
    if (!pubKeyCredParams.some(({ alg }) => alg === ES256)) throw new DOMException('', 'NotSupportedError')
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const rawId = randomBytes(32)
    made.set(url64(rawId), { key: keys.privateKey, rpId: rp.id, user: user.id })
    const identifier = Buffer.concat([Buffer.alloc(16), Buffer.from([0, rawId.length]), rawId])
    const flags = PRESENT | VERIFIED | HAS_CREDENTIAL
    const data = Buffer.concat([head(rp.id, flags), identifier, coseKey(keys.publicKey.export({ format: 'jwk' }))])
    const response = new AuthenticatorAttestationResponse({
      clientDataJSON: exact(seen('webauthn.create', challenge)),
      attestationObject: exact(attestation(data)),
      authenticatorData: exact(data),
      publicKey: exact(keys.publicKey.export({ format: 'der', type: 'spki' })),
    })
    return new PublicKeyCredential(rawId, response)
  }

  async function get({ publicKey: { rpId, challenge, allowCredentials } }) {
    const allowed = allowCredentials.map(({ id }) => url64(id))
    const found = [...made].find(([id, one]) => one.rpId === rpId && (!allowed.length || allowed.includes(id)))
    if (!found) throw new DOMException('', 'NotAllowedError')
    const [id, { key, user }] = found
    const [data, clientData] = [head(rpId, PRESENT | VERIFIED), seen('webauthn.get', challenge)]
    const response = new AuthenticatorAssertionResponse({
      clientDataJSON: exact(clientData),
      authenticatorData: exact(data),
      signature: exact(sign('sha256', Buffer.concat([data, hash(clientData)]), key)),
      userHandle: exact(user),
    })
    return new PublicKeyCredential(Buffer.from(id, 'base64url'), response)
  }

  Object.defineProperty(globalThis.navigator, 'credentials', { value: { create, get }, configurable: true })
  Object.assign(globalThis, { PublicKeyCredential, AuthenticatorAttestationResponse, AuthenticatorAssertionResponse })
  globalThis.window = { document: {}, isSecureContext: true, PublicKeyCredential }
}
