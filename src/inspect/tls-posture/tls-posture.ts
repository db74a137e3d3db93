import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import type { SecureVersion } from 'node:tls'
import type { Fields } from '../../contract/event.ts'
import type { Check, Observation } from '../../contract/inspect.ts'
import type { Clock, Given, Plugin } from '../../contract/plugin.ts'
import { ConfigError, reasonOf } from '../../runtime/errors.ts'
import { TlsPostureConfig } from './config.ts'
import { shakeHands } from './handshake.ts'
import type { Address, Handshake } from './handshake.ts'
import { askPlainly } from './plain-http.ts'
import type { PlainAnswer } from './plain-http.ts'

/** Protocol, certificate and plain HTTP of endpoints, seen from outside. */
export const tlsPosture: Plugin<Check, TlsPostureConfig> = {
  kind: 'tls-posture',
  summary: 'Looks at TLS endpoints: protocols accepted, certificate trust and expiry, plain HTTP answered',
  needs: ['TCP connections to its endpoints, and to their port 80 with plainHttp', 'read its ca file'],
  config: TlsPostureConfig,
  examples: [
    { endpoints: ['https://gateway.example.org'] },
    {
      endpoints: ['https://models.example.org:8443', 'https://[2001:db8::1]:443'],
      minimum: 'TLSv1.3',
      expiresWithinDays: 14,
      timeoutMs: 2_000,
      ca: '/etc/modelward/internal-ca.pem',
      plainHttp: true,
    },
  ],
  open: async (config, given) => new TlsPosture(config, given.clock, await rootsOf(config, given)),
}

const OLDER: Readonly<Record<TlsPostureConfig['minimum'], readonly SecureVersion[]>> = {
  'TLSv1.2': ['TLSv1', 'TLSv1.1'],
  'TLSv1.3': ['TLSv1', 'TLSv1.1', 'TLSv1.2'],
}
const EVERY: readonly SecureVersion[] = ['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1']
const AT_ONCE = 8
const DAY_MS = 86_400_000
const MOST_CHARACTERS = 512

/** One observation for each endpoint; one that cannot be reached is an observation too. */
class TlsPosture implements Check {
  readonly controls = ['DP-2']
  readonly #config: TlsPostureConfig
  readonly #clock: Clock
  readonly #roots: readonly string[]

  constructor(config: TlsPostureConfig, clock: Clock, roots: readonly string[]) {
    this.#config = config
    this.#clock = clock
    this.#roots = roots
  }

  async inspect(signal: AbortSignal): Promise<readonly Observation[]> {
    const seen: Observation[] = []
    const { endpoints } = this.#config
    for (let from = 0; from < endpoints.length; from += AT_ONCE) {
      const part = endpoints.slice(from, from + AT_ONCE)
      seen.push(...(await Promise.all(part.map((endpoint) => this.#look(endpoint, signal)))))
      signal.throwIfAborted()
    }
    return seen
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #look(endpoint: string, signal: AbortSignal): Promise<Observation> {
    const address = addressOf(endpoint)
    const best = await this.#greet(address, signal)
    const plain = await this.#plainAnswers(address, best, signal)
    const older = isOpenToMore(best) ? await this.#accepted(address, OLDER[this.#config.minimum], signal) : []
    const fields: Fields = {
      endpoint,
      reachable: best.connected,
      ...(best.protocol === undefined ? {} : { protocol: best.protocol }),
      ...(best.problem === undefined ? {} : { problem: best.problem }),
      ...(older.length === 0 ? {} : { legacyProtocols: older }),
      ...this.#certificateFields(best),
      ...plainFields(plain),
    }
    return { subject: endpoint, at: this.#clock.now(), fields }
  }

  /** The handshake of a client of today; where that fails, the newest that the server accepts at all. */
  async #greet(address: Address, signal: AbortSignal): Promise<Handshake> {
    const first = await shakeHands(address, { roots: this.#roots }, this.#within(signal))
    if (!isOpenToMore(first) || first.protocol !== undefined) return first
    for (const only of EVERY) {
      const next = await shakeHands(address, { roots: this.#roots, only }, this.#within(signal))
      if (next.protocol !== undefined) return next
    }
    return first
  }

  async #accepted(address: Address, versions: readonly SecureVersion[], signal: AbortSignal): Promise<string[]> {
    const accepted: string[] = []
    for (const only of versions) {
      const { protocol } = await shakeHands(address, { roots: this.#roots, only }, this.#within(signal))
      if (protocol !== undefined) accepted.push(protocol)
    }
    return accepted
  }

  async #plainAnswers(address: Address, best: Handshake, signal: AbortSignal): Promise<readonly PlainAnswer[]> {
    const ports = new Set(best.connected ? [address.port] : [])
    if (this.#config.plainHttp) ports.add(80)
    const asked = [...ports].map((port) => askPlainly({ host: address.host, port }, this.#within(signal)))
    return (await Promise.all(asked)).filter((answer) => answer !== undefined)
  }

  #certificateFields({ certificate, trusted, distrust }: Handshake): Fields {
    if (!certificate) return {}
    const expiresAt = certificate.validToDate.getTime()
    const daysLeft = (expiresAt - this.#clock.now()) / DAY_MS
    return {
      certificateExpiresAt: certificate.validToDate.toISOString(),
      certificateDaysLeft: Math.floor(daysLeft),
      certificateExpired: daysLeft < 0,
      certificateExpiresSoon: daysLeft < this.#config.expiresWithinDays,
      certificateSubject: nameOf(certificate.subject),
      certificateIssuer: nameOf(certificate.issuer),
      certificateFingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      ...(trusted === undefined ? {} : { certificateTrusted: trusted }),
      ...(distrust === undefined ? {} : { certificateProblem: distrust }),
    }
  }

  #within(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, AbortSignal.timeout(this.#config.timeoutMs)])
  }
}

/** A server that does not even answer is not asked again and again. */
function isOpenToMore({ connected, problem }: Handshake): boolean {
  return connected && problem !== 'ETIMEDOUT'
}

function addressOf(endpoint: string): Address {
  const { hostname, port } = new URL(endpoint)
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 443 : Number(port) }
}

function plainFields(answers: readonly PlainAnswer[]): Fields {
  const served = answers.find(({ isServed }) => isServed)
  if (!served) return { plainHttpAnswered: false }
  return { plainHttpAnswered: true, plainHttpPort: served.port, plainHttpStatus: served.status }
}

/** A distinguished name in one line. It comes from the other side: bounded, and without control characters. */
function nameOf(name: string | undefined): string {
  return (name ?? '')
    .replaceAll('\n', ', ')
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, MOST_CHARACTERS)
    .toWellFormed()
}

async function rootsOf({ ca }: TlsPostureConfig, given: Given): Promise<readonly string[]> {
  if (ca === undefined) return rootCertificates
  try {
    const pem = await readFile(ca, 'utf8')
    void new X509Certificate(pem)
    return [...rootCertificates, pem]
  } catch (error) {
    const what = `the CA file cannot be used: ${reasonOf(error)}`
    const cure = 'Name a readable file that holds certificates in PEM'
    throw new ConfigError([{ file: ca, part: `inspect ${given.name}.ca`, what, cure }])
  }
}
