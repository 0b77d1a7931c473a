// What the scenarios of both JavaScript libraries share. GIVEN is the JSON text of the facts of one scenario.
import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const given = JSON.parse(process.env.GIVEN)

// Libraries for browsers ask the browser's name.
globalThis.navigator ??= { userAgent: 'node', platform: 'linux' }

// What went over the wire: "Operation", or "Operation > CHALLENGE" where the answer is a challenge.
export const calls = []
const send = globalThis.fetch
globalThis.fetch = async (address, options) => {
  const answer = await send(address, options)
  const operation = new Headers(options.headers).get('x-amz-target').split('.')[1]
  const { ChallengeName } = await answer.clone().json().catch(() => ({}))
  calls.push(ChallengeName ? `${operation} > ${ChallengeName}` : operation)
  return answer
}

// The code in the last message to an address.
export function code(to) {
  const names = readdirSync(given.outbox_dir).filter((name) => name.endsWith('.log')).sort()
  const texts = names.map((name) => readFileSync(join(given.outbox_dir, name), 'utf8'))
  const mine = texts.filter((text) => text.includes(`To: ${to}\n`))
  return [...mine.at(-1).matchAll(/code is (\d+)/g)].at(-1)[1]
}

export const presentStep = () => Math.floor(Date.now() / 30000)

// The code of an authenticator app (RFC 6238) for a base32 secret and a time step.
export function totp(secret, step) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', key).update(counter).digest()
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff
  return String(number % 1000000).padStart(6, '0')
}

// Return the name of the error that a promise is rejected with.
export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error.name
  }
  return null
}

// Run the scenario that was asked for and print what it returns; Python judges it.
export async function main(scenarios) {
  const result = await scenarios[given.scenario]()
  console.log(JSON.stringify(result))
  process.exit(0)
}
