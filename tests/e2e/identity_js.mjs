// amazon-cognito-identity-js against a pool. The library speaks in callbacks; here they become promises.
import { calls, code, given, main, presentStep, refusal, totp } from './js_common.mjs'
import library from 'amazon-cognito-identity-js'

const { AuthenticationDetails, CognitoUser, CognitoUserAttribute, CognitoUserPool } = library
const [FIRST, SECOND, THIRD] = ['First-Horse-1!', 'Second-Horse-2!', 'Third-Horse-3!']

const kept = new Map()
const Storage = {
  setItem: (key, value) => kept.set(key, value),
  getItem: (key) => kept.get(key) ?? null,
  removeItem: (key) => kept.delete(key),
  clear: () => kept.clear(),
}
const Pool = new CognitoUserPool({
  UserPoolId: given.user_pool_id,
  ClientId: given.client_id,
  endpoint: `${given.endpoint}/`,
  Storage,
})
const userOf = (Username) => new CognitoUser({ Username, Pool, Storage })

// For methods that end with a callback (error, value).
const call = (user, method, ...words) =>
  new Promise((resolve, reject) => user[method](...words, (error, value) => (error ? reject(error) : resolve(value))))

// For methods that end with an object of callbacks: whichever is called, its name and arguments are the outcome.
const outcomes = [
  'onSuccess',
  'totpRequired',
  'mfaRequired',
  'mfaSetup',
  'customChallenge',
  'associateSecretCode',
  'inputVerificationCode',
]
const ask = (user, method, ...words) =>
  new Promise((resolve, reject) => {
    const handlers = Object.fromEntries(outcomes.map((name) => [name, (...values) => resolve({ name, values })]))
    user[method](...words, { ...handlers, onFailure: reject })
  })
// This method takes the object of callbacks elsewhere than last.
const sendTotp = (user, text) =>
  new Promise((onSuccess, onFailure) => user.sendMFACode(text, { onSuccess, onFailure }, 'SOFTWARE_TOKEN_MFA'))

const signIn = (user, Password) =>
  ask(user, 'authenticateUser', new AuthenticationDetails({ Username: user.getUsername(), Password }))

async function signUp(name, more = []) {
  const email = new CognitoUserAttribute({ Name: 'email', Value: `${name}@example.com` })
  const made = await call(Pool, 'signUp', name, FIRST, [email, ...more], null)
  await call(userOf(name), 'confirmRegistration', code(`${name}@example.com`), true)
  return made
}

async function account() {
  const made = await signUp('ines')
  const user = userOf('ines')
  const wrong = await refusal(signIn(userOf('ines'), SECOND))
  const first = await signIn(user, FIRST)
  const list = await call(user, 'getUserAttributes')
  const attributes = Object.fromEntries(list.map((one) => [one.getName(), one.getValue()]))
  const changed = await call(user, 'changePassword', FIRST, SECOND)
  const forgotten = await ask(user, 'forgotPassword')
  await new Promise((onSuccess, onFailure) =>
    user.confirmPassword(code('ines@example.com'), THIRD, { onSuccess, onFailure }),
  )
  const old = await refusal(signIn(userOf('ines'), SECOND))
  const second = await signIn(user, THIRD)
  const renewed = await call(user, 'refreshSession', second.values[0].getRefreshToken())
  await ask(user, 'globalSignOut')
  return {
    confirmed: made.userConfirmed,
    same: made.userSub === attributes.sub,
    attributes,
    changed,
    forgotten: forgotten.name,
    refusals: [wrong, old],
    sessions: [first.values[0].isValid(), renewed.isValid()],
    after: await refusal(call(userOf('ines'), 'refreshSession', second.values[0].getRefreshToken())),
    calls,
  }
}

async function totpSignIn() {
  await signUp('tom')
  const user = userOf('tom')
  await signIn(user, FIRST)
  const secret = (await ask(user, 'associateSoftwareToken')).values[0]
  const step = presentStep()
  await ask(user, 'verifySoftwareToken', totp(secret, step), 'My phone')
  await call(user, 'setUserMfaPreference', null, { PreferredMfa: true, Enabled: true })
  calls.length = 0
  const again = userOf('tom')
  const asked = await signIn(again, FIRST)
  // A code counts once, so the next step's code is due; the server allows for a clock that is one step ahead.
  const used = await refusal(sendTotp(again, totp(secret, step)))
  const session = await sendTotp(again, totp(secret, step + 1))
  return { asked: asked.name, used, valid: session.isValid(), calls }
}

async function device() {
  await signUp('dora')
  const user = userOf('dora')
  const asked = [(await signIn(user, FIRST)).name]
  const secret = (await ask(user, 'associateSoftwareToken')).values[0]
  const step = presentStep()
  await ask(user, 'verifySoftwareToken', totp(secret, step), 'My phone')
  asked.push((await signIn(user, FIRST)).name)
  const session = await sendTotp(user, totp(secret, step + 1))
  const key = session.getAccessToken().payload.device_key
  calls.length = 0
  const again = userOf('dora')
  const last = await signIn(again, FIRST)
  const sameKey = last.values[0].getAccessToken().payload.device_key === key
  return { asked: [...asked, last.name], key, sameKey, calls }
}

// A code by SMS as the second factor.
async function sms() {
  await signUp('sam', [new CognitoUserAttribute({ Name: 'phone_number', Value: '+15550001111' })])
  const user = userOf('sam')
  await signIn(user, FIRST)
  await call(user, 'setUserMfaPreference', { PreferredMfa: true, Enabled: true }, null)
  const again = userOf('sam')
  const asked = await signIn(again, FIRST)
  const text = code('+15550001111')
  const other = text === '000000' ? '000001' : '000000'
  const send = (answer) =>
    new Promise((onSuccess, onFailure) => again.sendMFACode(answer, { onSuccess, onFailure }, 'SMS_MFA'))
  const wrong = await refusal(send(other))
  return { asked: asked.name, wrong, valid: (await send(text)).isValid() }
}

// Functions of the pool ask for a word, after the password or instead of it.
async function custom() {
  await signUp('cara')
  const user = userOf('cara')
  user.setAuthenticationFlowType('CUSTOM_AUTH')
  const wrong = await refusal(signIn(user, SECOND))
  const withPassword = await signIn(user, FIRST)
  const first = await ask(user, 'sendCustomChallengeAnswer', 'swordfish')
  const again = userOf('cara')
  again.setAuthenticationFlowType('CUSTOM_AUTH')
  const alone = await ask(again, 'initiateAuth', new AuthenticationDetails({ Username: 'cara' }))
  const missed = await ask(again, 'sendCustomChallengeAnswer', 'herring')
  const second = await ask(again, 'sendCustomChallengeAnswer', 'swordfish')
  return {
    asked: [withPassword.name, first.name, alone.name, missed.name, second.name],
    question: alone.values[0],
    wrong,
    calls,
  }
}

await main({ sms, custom, account, totp: totpSignIn, device })
