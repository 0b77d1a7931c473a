// AWS SDK for JavaScript v3: does what each line says, {"operation", "input", "signed"}, and answers in a line of its own.
import { createInterface } from 'node:readline'
import * as sdk from '@aws-sdk/client-cognito-identity'

const given = JSON.parse(process.env.GIVEN)
const where = { region: given.region, endpoint: given.endpoint, maxAttempts: 1 }
const credentials = { accessKeyId: given.access_key_id, secretAccessKey: given.secret_access_key }
const clients = {
  true: new sdk.CognitoIdentityClient({ ...where, credentials }),
  false: new sdk.CognitoIdentityClient({ ...where, credentials: { accessKeyId: '-', secretAccessKey: '-' } }),
}
for await (const line of createInterface({ input: process.stdin })) {
  const { operation, input, signed } = JSON.parse(line)
  try {
    const { $metadata, ...answer } = await clients[signed].send(new sdk[`${operation}Command`](input))
    console.log(JSON.stringify(answer))
  } catch (error) {
    console.log(JSON.stringify({ error: error.name, message: error.message }))
  }
}
