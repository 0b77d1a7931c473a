// Auth.js without a framework: its core behind a plain HTTP server, with the configuration of the example.
import { createServer } from 'node:http'
import { Auth } from '@auth/core'
import { config } from './authjs.mjs'

const port = Number(process.argv[2])
const settings = { ...config, secret: 'only for this test', trustHost: true, basePath: '/auth' }

createServer(async (incoming, outgoing) => {
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const body = chunks.length ? Buffer.concat(chunks) : undefined
  const address = `http://localhost:${port}${incoming.url}`
  const request = new Request(address, { method: incoming.method, headers: incoming.headers, body })
  const answer = await Auth(request, settings)
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'set-cookie'))
  outgoing.writeHead(answer.status, { ...headers, 'set-cookie': answer.headers.getSetCookie() })
  outgoing.end(Buffer.from(await answer.arrayBuffer()))
}).listen(port, () => console.log('listening'))
