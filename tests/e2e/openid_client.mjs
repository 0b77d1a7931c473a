// openid-client, strict checks on, against a pool: discovery, code + PKCE, userinfo, refresh, revocation.
import * as oidc from 'openid-client'

const { ISSUER, CLIENT_ID, DEMO_USERNAME, DEMO_PASSWORD } = process.env
const redirect = 'http://localhost:3000/callback'
const allow = { execute: [oidc.allowInsecureRequests] }
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, undefined, oidc.None(), allow)
console.log('discovery')

const verifier = oidc.randomPKCECodeVerifier()
const state = oidc.randomState()
const nonce = oidc.randomNonce()
const address = oidc.buildAuthorizationUrl(config, {
  redirect_uri: redirect,
  scope: 'openid email profile',
  code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})

// The browser's part: follow to the page, send its form, come back with a code.
const first = await fetch(address, { redirect: 'manual' })
const page = new URL(first.headers.get('location'), address)
const shown = await fetch(page)
const cookie = shown.headers.getSetCookie()[0].split(';')[0]
const form = new URLSearchParams({ _csrf: cookie.split('=')[1], username: DEMO_USERNAME, password: DEMO_PASSWORD })
const done = await fetch(page, { method: 'POST', body: form, headers: { cookie }, redirect: 'manual' })
const back = new URL(done.headers.get('location'))

const tokens = await oidc.authorizationCodeGrant(config, back, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
})
console.log('code')
const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
if (info.email !== 'demo@example.com') throw new Error('unexpected user info')
console.log('userinfo')
const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
if (!renewed.access_token) throw new Error('no access token')
console.log('refresh')
await oidc.tokenRevocation(config, tokens.refresh_token)
let refused = false
try {
  await oidc.refreshTokenGrant(config, tokens.refresh_token)
} catch (error) {
  refused = error.error === 'invalid_grant'
}
if (!refused) throw new Error('a revoked token was renewed')
console.log('revocation')
