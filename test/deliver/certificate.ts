import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate extends Disposable {
  /** The leaf and its authority, as a server shows them. */
  readonly cert: string
  readonly key: string
  /** Path of the authority, for `ca` in a config. */
  readonly file: string
  /** The authority's SHA-256, hex with colons. */
  readonly fingerprint: string
}

/**
 * A certificate for 127.0.0.1 signed by an authority of its own, made by openssl; undefined where there is none (an error
 * in CI). `forged` shows the same authority behind a leaf that somebody else signed.
 */
export function certificate(forged = false): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'modelward-certificate-'))
  const at = (name: string): string => join(folder, name)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const self = ['req', '-x509', ...key, '-subj']
  try {
    for (const name of ['ca', 'other'])
      openssl([...self, '/CN=test authority', '-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)])
    const signer = forged ? 'other' : 'ca'
    const extensions = [
      'subjectAltName=IP:127.0.0.1',
      'basicConstraints=critical,CA:FALSE',
      'authorityKeyIdentifier=none',
    ]
    const signed = ['-CA', at(`${signer}.pem`), '-CAkey', at(`${signer}.key`)]
    const named = [...self, '/CN=127.0.0.1', ...extensions.flatMap((extension) => ['-addext', extension])]
    openssl([...named, ...signed, '-keyout', at('leaf.key'), '-out', at('leaf.pem')])
  } catch (error) {
    rmSync(folder, { recursive: true })
    if (process.env['CI']) throw error
    return undefined
  }
  const ca = readFileSync(at('ca.pem'), 'utf8')
  return {
    cert: readFileSync(at('leaf.pem'), 'utf8') + ca,
    key: readFileSync(at('leaf.key'), 'utf8'),
    file: at('ca.pem'),
    fingerprint: new X509Certificate(ca).fingerprint256,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

function openssl(parameters: readonly string[]): void {
  execFileSync('openssl', parameters, { stdio: 'pipe' })
}
