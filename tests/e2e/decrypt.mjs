// What a CustomEmailSender in Node does with the code of its event: AWS's own encryption SDK opens it.
import { given, main } from './js_common.mjs'
import { buildClient, CommitmentPolicy, getClient, KMS, KmsKeyringNode } from '@aws-crypto/client-node'

async function policies() {
  const { endpoint, region, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = given
  const credentials = { accessKeyId, secretAccessKey }
  const clientProvider = getClient(KMS, { endpoint, region, credentials })
  const keyring = new KmsKeyringNode({ generatorKeyId: given.key_arn, clientProvider })
  const opened = {}
  for (const [name, policy] of Object.entries(CommitmentPolicy)) {
    const { decrypt } = buildClient(policy)
    const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(given.code, 'base64'))
    opened[name] = [plaintext.toString(), messageHeader.encryptionContext['userpool-id']]
  }
  return opened
}

await main({ policies })
