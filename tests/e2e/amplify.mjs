// aws-amplify (version 6) against a pool and an identity pool.
import { calls, code, given, main, refusal } from './js_common.mjs'
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

await main({ account, choice })
