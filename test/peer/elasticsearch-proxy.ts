import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/**
 * What a proxy does with a connection. `lose the answer`: the request reaches the other side, which acts on it, and the
 * connection is cut as the answer comes. `busy`: 429 for everything, the other side hears nothing.
 */
type ProxyMode = 'pass' | 'refuse' | 'lose the answer' | 'busy'

export interface Proxy extends AsyncDisposable {
  readonly url: string
  mode: ProxyMode
  /** How many connections came. */
  connections: number
}

/** A TCP proxy on loopback before a port of loopback. */
export async function proxyTo(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    proxy.connections++
    if (proxy.mode === 'refuse') socket.destroy()
    else if (proxy.mode === 'busy') socket.once('data', () => socket.end(busy))
    else forward(socket)
  })

  function forward(socket: Socket): void {
    const upstream = connect(port, '127.0.0.1')
    sockets.add(upstream)
    upstream.on('error', () => socket.destroy())
    upstream.on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    socket.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (bytes) => {
      if (proxy.mode === 'lose the answer') socket.destroy()
      else socket.write(bytes)
    })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: Proxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'pass',
    connections: 0,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return proxy
}

const busy = [
  'HTTP/1.1 429 Too Many Requests',
  'x-elastic-product: Elasticsearch',
  'retry-after: 2',
  'content-length: 0',
  'connection: close',
  '\r\n',
].join('\r\n')
