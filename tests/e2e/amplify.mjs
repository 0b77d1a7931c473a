// aws-amplify (version 6) against a pool and an identity pool.
import { installAuthenticator } from './authenticator.mjs'
import { calls, code, given, main, presentStep, refusal, totp } from './js_common.mjs'
import { Amplify } from 'aws-amplify'
import * as auth from 'aws-amplify/auth'

const [FIRST, SECOND] = ['First-Horse-1!', 'Second-Horse-2!']

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: given.user_pool_id,
      userPoolClientId: given.client_id,
      userPoolEndpoint: given.endpoint,
      ...(given.identity_pool_id && {
        identityPoolId: given.identity_pool_id,
        identityPoolEndpoint: given.endpoint,
        allowGuestAccess: true,
      }),
    },
  },
})

const signUp = (username, autoSignIn) =>
  auth.signUp({
    username,
    password: FIRST,
    options: { userAttributes: { email: `${username}@example.com` }, autoSignIn },
  })
const confirm = (username) =>
  auth.confirmSignUp({ username, confirmationCode: code(`${username}@example.com`) })
const stepOf = (result) => result.nextStep.signUpStep ?? result.nextStep.signInStep

async function account() {
  const guest = await auth.fetchAuthSession()
  const steps = [stepOf(await signUp('amy')), stepOf(await confirm('amy'))]
  const options = { authFlowType: 'USER_SRP_AUTH' }
  steps.push(stepOf(await auth.signIn({ username: 'amy', password: FIRST, options })))
  const session = await auth.fetchAuthSession()
  const renewed = await auth.fetchAuthSession({ forceRefresh: true })
  await auth.updatePassword({ oldPassword: FIRST, newPassword: SECOND })
  await auth.signOut()
  const signedOut = await auth.fetchAuthSession()
  const old = await refusal(auth.signIn({ username: 'amy', password: FIRST, options }))
  steps.push(stepOf(await auth.signIn({ username: 'amy', password: SECOND, options })))
  await auth.signOut({ global: true })
  return {
    steps,
    guest: { identity: guest.identityId, keys: guest.credentials },
    identity: session.identityId,
    keys: session.credentials,
    name: session.tokens.accessToken.payload.username,
    email: session.tokens.idToken.payload.email,
    renewed: renewed.tokens.accessToken.toString() !== session.tokens.accessToken.toString(),
    signedOut: signedOut.tokens === undefined,
    old,
    calls,
  }
}

async function choice() {
  const steps = [stepOf(await signUp('otto', true)), stepOf(await confirm('otto'))]
  steps.push(stepOf(await auth.autoSignIn()))
  const automatic = (await auth.getCurrentUser()).username
  await auth.signOut()
  const options = { authFlowType: 'USER_AUTH', preferredChallenge: 'EMAIL_OTP' }
  steps.push(stepOf(await auth.signIn({ username: 'otto', options })))
  steps.push(stepOf(await auth.confirmSignIn({ challengeResponse: code('otto@example.com') })))
  const byCode = (await auth.fetchAuthSession()).tokens.accessToken.payload.username
  await auth.signOut()
  steps.push(stepOf(await auth.signIn({ username: 'otto', options: { authFlowType: 'USER_AUTH' } })))
  steps.push(stepOf(await auth.confirmSignIn({ challengeResponse: 'EMAIL_OTP' })))
  steps.push(stepOf(await auth.confirmSignIn({ challengeResponse: code('otto@example.com') })))
  return { steps, automatic, byCode, calls }
}

// A sign-up without a password, signed in by its code; later by a passkey.
async function passwordless() {
  const options = { userAttributes: { email: 'pia@example.com' }, autoSignIn: { authFlowType: 'USER_AUTH' } }
  const steps = [stepOf(await auth.signUp({ username: 'pia', options })), stepOf(await confirm('pia'))]
  steps.push(stepOf(await auth.autoSignIn()))
  const automatic = calls.slice()
  installAuthenticator('http://localhost:3000')
  await auth.associateWebAuthnCredential()
  const { credentials } = await auth.listWebAuthnCredentials()
  await auth.signOut()
  calls.length = 0
  const preferred = { authFlowType: 'USER_AUTH', preferredChallenge: 'WEB_AUTHN' }
  steps.push(stepOf(await auth.signIn({ username: 'pia', options: preferred })))
  const name = (await auth.fetchAuthSession()).tokens.accessToken.payload.username
  await auth.signOut()
  const selection = await auth.signIn({ username: 'pia', options: { authFlowType: 'USER_AUTH' } })
  steps.push(stepOf(selection), stepOf(await auth.confirmSignIn({ challengeResponse: 'WEB_AUTHN' })))
  const byPasskey = calls.slice()
  await auth.deleteWebAuthnCredential({ credentialId: credentials[0].credentialId })
  const left = (await auth.listWebAuthnCredentials()).credentials.length
  await auth.signOut()
  const withoutIt = await auth.signIn({ username: 'pia', options: preferred })
  return {
    steps,
    automatic,
    credential: credentials[0],
    name,
    offered: selection.nextStep.availableChallenges,
    byPasskey,
    left,
    withoutIt: stepOf(withoutIt),
  }
}

// An authenticator app set up while signed in, as the preferred second factor.
async function totpPreference() {
  await signUp('tia')
  await confirm('tia')
  const options = { authFlowType: 'USER_SRP_AUTH' }
  await auth.signIn({ username: 'tia', password: FIRST, options })
  const before = await auth.fetchMFAPreference()
  const setup = await auth.setUpTOTP()
  const step = presentStep()
  await auth.verifyTOTPSetup({ code: totp(setup.sharedSecret, step) })
  await auth.updateMFAPreference({ totp: 'PREFERRED' })
  const after = await auth.fetchMFAPreference()
  await auth.signOut()
  const steps = [stepOf(await auth.signIn({ username: 'tia', password: FIRST, options }))]
  const wrong = await refusal(auth.confirmSignIn({ challengeResponse: '000000' }))
  // A code counts once, so the next step's code is due; the server allows for a clock that is one step ahead.
  steps.push(stepOf(await auth.confirmSignIn({ challengeResponse: totp(setup.sharedSecret, step + 1) })))
  await auth.updateMFAPreference({ totp: 'DISABLED' })
  await auth.signOut()
  steps.push(stepOf(await auth.signIn({ username: 'tia', password: FIRST, options })))
  return { before, after, uri: setup.getSetupUri('shop', 'tia').toString(), steps, wrong }
}

// A pool that demands a second factor: the app is set up in the middle of the sign-in. Then the device is remembered.
async function totpDemanded() {
  await signUp('dan')
  await confirm('dan')
  const options = { authFlowType: 'USER_SRP_AUTH' }
  const started = await auth.signIn({ username: 'dan', password: FIRST, options })
  const step = presentStep()
  const secret = started.nextStep.totpSetupDetails.sharedSecret
  const steps = [stepOf(started), stepOf(await auth.confirmSignIn({ challengeResponse: totp(secret, step) }))]
  const devices = (await auth.fetchDevices()).map(({ id }) => id)
  await auth.rememberDevice()
  const { accessToken } = (await auth.fetchAuthSession()).tokens
  await auth.signOut()
  calls.length = 0
  steps.push(stepOf(await auth.signIn({ username: 'dan', password: FIRST, options })))
  const remembered = calls.slice()
  await auth.forgetDevice()
  await auth.signOut()
  steps.push(stepOf(await auth.signIn({ username: 'dan', password: FIRST, options })))
  return { steps, devices, key: accessToken.payload.device_key, remembered }
}

// Functions of the pool ask for a word.
async function custom() {
  await signUp('cus')
  await confirm('cus')
  const [withoutSrp, withSrp] = ['CUSTOM_WITHOUT_SRP', 'CUSTOM_WITH_SRP'].map((authFlowType) => ({ authFlowType }))
  const asked = await auth.signIn({ username: 'cus', options: withoutSrp })
  const steps = [stepOf(asked), stepOf(await auth.confirmSignIn({ challengeResponse: 'herring' }))]
  steps.push(stepOf(await auth.confirmSignIn({ challengeResponse: 'swordfish' })))
  await auth.signOut()
  const wrong = await refusal(auth.signIn({ username: 'cus', password: SECOND, options: withSrp }))
  steps.push(stepOf(await auth.signIn({ username: 'cus', password: FIRST, options: withSrp })))
  steps.push(stepOf(await auth.confirmSignIn({ challengeResponse: 'swordfish' })))
  return { steps, question: asked.nextStep.additionalInfo, wrong }
}

await main({ account, choice, passwordless, totpPreference, totpDemanded, custom })
