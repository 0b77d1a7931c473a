// AWS SDK for JavaScript v3: a sign-in, an identity, its credentials, and objects below its own prefix.
import { createReadStream, writeFileSync } from 'node:fs'
import { CognitoIdentityClient, GetOpenIdTokenCommand } from '@aws-sdk/client-cognito-identity'
import { CognitoIdentityProviderClient, InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider'
import { fromCognitoIdentityPool } from '@aws-sdk/credential-providers'
import * as s3 from '@aws-sdk/client-s3'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const given = JSON.parse(process.env.GIVEN)
const where = { region: given.region, endpoint: given.endpoint }

async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error.name
  }
  return null
}

const users = new CognitoIdentityProviderClient({ ...where, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } })
const signedIn = await users.send(
  new InitiateAuthCommand({
    ClientId: given.client_id,
    AuthFlow: 'USER_PASSWORD_AUTH',
    AuthParameters: { USERNAME: given.username, PASSWORD: given.password },
  }),
)
const provider = `cognito-idp.${given.region}.amazonaws.com/${given.user_pool_id}`
const logins = { [provider]: signedIn.AuthenticationResult.IdToken }
const identify = (more) =>
  fromCognitoIdentityPool({ identityPoolId: given.identity_pool_id, clientConfig: where, ...more })
const resolve = identify({ logins })
const mine = await resolve()
const client = (credentials) =>
  new s3.S3Client({ region: given.region, endpoint: given.storage, forcePathStyle: true, credentials, maxAttempts: 1 })
const files = client(mine)
const Bucket = given.bucket
const own = `private/${mine.identityId}`
const text = async (Key, more = {}) =>
  (await files.send(new s3.GetObjectCommand({ Bucket, Key, ...more }))).Body.transformToString()

await files.send(new s3.PutObjectCommand({ Bucket, Key: `${own}/a b+ü.txt`, Body: 'hello', Metadata: { by: 'sdk' } }))
const big = Buffer.alloc(11 * 1024 * 1024, 'x')
const upload = new Upload({ client: files, params: { Bucket, Key: `${own}/big`, Body: big }, partSize: 5 * 1024 * 1024 })
await upload.done()
writeFileSync('stream.txt', 'streamed')
const stream = createReadStream('stream.txt')
await files.send(new s3.PutObjectCommand({ Bucket, Key: `${own}/stream`, Body: stream, ContentLength: 8 }))
const listed = await files.send(new s3.ListObjectsV2Command({ Bucket, Prefix: `${own}/` }))
const head = await files.send(new s3.HeadObjectCommand({ Bucket, Key: `${own}/a b+ü.txt` }))
const link = await getSignedUrl(files, new s3.GetObjectCommand({ Bucket, Key: `${own}/a b+ü.txt` }), { expiresIn: 60 })
const copied = { Bucket, Key: `${own}/copy`, CopySource: encodeURI(`${Bucket}/${own}/stream`) }
await files.send(new s3.CopyObjectCommand(copied))
const guest = await identify({})()
const sts = new STSClient({ ...where, credentials: mine })
const foreign = 'private/us-east-1:00000000-0000-4000-8000-000000000000/x'
// The identity's own token, which the classic flow hands to an STS, by a library that finds the keys itself.
const identities = new CognitoIdentityClient({ ...where, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } })
const { Token } = await identities.send(new GetOpenIdTokenCommand({ IdentityId: mine.identityId, Logins: logins }))
const document = await (await fetch(`${given.endpoint}/.well-known/openid-configuration`)).json()
const rules = { issuer: document.issuer, audience: given.identity_pool_id }
const verified = await jwtVerify(Token, createRemoteJWKSet(new URL(document.jwks_uri)), rules)
console.log(
  JSON.stringify({
    token: [verified.protectedHeader.alg, verified.payload.sub, verified.payload.amr[0]],
    identity: mine.identityId,
    again: (await identify({ logins })()).identityId,
    text: await text(`${own}/a b+ü.txt`),
    range: await text(`${own}/a b+ü.txt`, { Range: 'bytes=1-3' }),
    streamed: await text(`${own}/copy`),
    metadata: head.Metadata,
    keys: listed.Contents.map((entry) => [entry.Key.slice(own.length + 1), entry.Size]),
    etag: (await files.send(new s3.HeadObjectCommand({ Bucket, Key: `${own}/big` }))).ETag,
    link: await (await fetch(link)).text(),
    arn: (await sts.send(new GetCallerIdentityCommand({}))).Arn,
    refused: {
      put: await refusal(files.send(new s3.PutObjectCommand({ Bucket, Key: foreign, Body: 'x' }))),
      get: await refusal(files.send(new s3.GetObjectCommand({ Bucket, Key: foreign }))),
      list: await refusal(files.send(new s3.ListObjectsV2Command({ Bucket }))),
      guest: await refusal(client(guest).send(new s3.GetObjectCommand({ Bucket, Key: `${own}/stream` }))),
      altered: await refusal(
        client({ ...mine, secretAccessKey: 'wrong' }).send(new s3.GetObjectCommand({ Bucket, Key: `${own}/stream` })),
      ),
    },
    deleted: (await files.send(new s3.DeleteObjectCommand({ Bucket, Key: `${own}/stream` }))).$metadata.httpStatusCode,
    gone: await refusal(text(`${own}/stream`)),
  }),
)
