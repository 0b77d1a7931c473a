// aws-amplify (version 6): Auth, Storage, and the REST and GraphQL categories, after changing endpoints only.
// Storage takes other servers by its option customEndpoint: a host that speaks TLS, with a name below it for each bucket.
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { Amplify } from 'aws-amplify'
import { get, put, generateClient } from 'aws-amplify/api'
import * as auth from 'aws-amplify/auth'
import { copy, downloadData, getProperties, getUrl, list, remove, uploadData } from 'aws-amplify/storage'

const given = JSON.parse(process.env.GIVEN)
// What browsers have and Node.js has not.
globalThis.FileReader ??= class {
  readAsArrayBuffer(blob) {
    blob.arrayBuffer().then((bytes) => {
      this.result = bytes
      this.onload?.()
    })
  }
}
globalThis.navigator ??= { userAgent: 'node', platform: 'linux' }

Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: given.user_pool_id,
      userPoolClientId: given.client_id,
      userPoolEndpoint: given.endpoint,
      identityPoolId: given.identity_pool_id,
      identityPoolEndpoint: given.endpoint,
      allowGuestAccess: true,
    },
  },
  Storage: { S3: { bucket: given.bucket, region: given.region } },
  API: {
    REST: { demo: { endpoint: `${given.endpoint}/demo`, region: given.region, service: 'execute-api' } },
    GraphQL: { endpoint: `${given.endpoint}/demo/graphql`, region: given.region, defaultAuthMode: 'userPool' },
  },
})

// What a reverse proxy does: TLS outside, HTTP to the server, the Host header as it came.
const lookup = dns.lookup
dns.lookup = (name, options, done) => lookup(name.endsWith('.localhost') ? '127.0.0.1' : name, options, done)
const pass = (request, response) => {
  const { method, headers, url } = request
  const inner = http.request(given.endpoint, { path: url, method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  })
  request.pipe(inner)
}
const tls = { key: readFileSync(given.tls_key), cert: readFileSync(given.tls_certificate) }
const customEndpoint = given.storage_host
https.createServer(tls, pass).listen(Number(customEndpoint.split(':')[1]))
const options = { customEndpoint }

async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error.name
  }
  return null
}

const own = ({ identityId }) => `private/${identityId}/note ü+1.txt`
const foreign = 'private/us-east-1:00000000-0000-4000-8000-000000000000/x'
const guest = {
  refused: await refusal(uploadData({ path: 'public/guest.txt', data: 'no', options }).result),
}
await auth.signIn({ username: given.username, password: given.password, options: { authFlowType: 'USER_SRP_AUTH' } })
const session = await auth.fetchAuthSession()
const me = session.identityId
await uploadData({ path: own, data: 'hello', options: { ...options, metadata: { by: 'amplify' } } }).result
const big = new Uint8Array(12 * 1024 * 1024).fill(120)
await uploadData({
  path: ({ identityId }) => `private/${identityId}/big`,
  data: new Blob([big]),
  options,
}).result
const listed = await list({ path: ({ identityId }) => `private/${identityId}/`, options: { ...options, listAll: true } })
const read = await downloadData({ path: own, options }).result
const link = await getUrl({ path: own, options })
const linked = await (await fetch(link.url)).text()
// Amplify signs a copy's source in UTF-8 and sends it in Latin-1, so a source has ASCII letters only.
const large = ({ identityId }) => `private/${identityId}/big`
await copy({ source: { path: large }, destination: { path: ({ identityId }) => `protected/${identityId}/copy` }, options })
const properties = await getProperties({ path: own, options })
await remove({ path: own, options })
const body = (operation) => operation.response.then((answer) => answer.body.json())
const client = generateClient()
const ask = async (query, authMode) => {
  try {
    return (await client.graphql({ query, authMode })).data
  } catch (error) {
    return error.errors?.[0]?.message ?? String(error)
  }
}
console.log(
  JSON.stringify({
    me,
    guest,
    text: await read.body.text(),
    metadata: properties.metadata,
    keys: listed.items.map((item) => [item.path.slice(`private/${me}/`.length), item.size]),
    link: linked,
    refused: {
      put: await refusal(uploadData({ path: foreign, data: 'x', options }).result),
      get: await refusal(downloadData({ path: foreign, options }).result),
      list: await refusal(list({ path: foreign, options })),
    },
    gone: await refusal(downloadData({ path: own, options }).result),
    rest: {
      put: await body(put({ apiName: 'demo', path: `/private/${me}/n.txt`, options: { body: { a: 1 } } })),
      get: await body(get({ apiName: 'demo', path: `/private/${me}/n.txt` })),
      foreign: await refusal(get({ apiName: 'demo', path: '/private/us-east-1:0/n.txt' }).response),
    },
    graphql: {
      user: await ask('query { me }', 'userPool'),
      iam: await ask('query { me }', 'iam'),
    },
  }),
)
process.exit(0)
