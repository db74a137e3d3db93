import type { BaselineMaker, DetectorContext } from '../../../contract/detect.ts'
import type { Event } from '../../../contract/event.ts'
import { Calibration } from '../../calibration/calibration.ts'
import type { Observed } from '../../calibration/calibration.ts'
import { isModelRequest } from '../../request/model-request.ts'
import { KeyedRows } from '../../state/keyed-rows.ts'
import { departure, freeze } from './frozen.ts'
import type { Ordinary } from './frozen.ts'
import { Queries } from './queries.ts'
import { FIRST_VERDICT, sectionsOf, Session } from './session.ts'

/** Clients that calibrating at a number of distances takes at least. */
const FEWEST_CLIENTS = 20
/** Clients whose sessions are open at once, 257 KB each at most. */
const MOST_CLIENTS = 1_024
/** Sessions of one client that are kept. */
const MOST_SESSIONS = 16

type Frozen = Awaited<ReturnType<BaselineMaker['freeze']>>

/** W has no reference but what W is elsewhere: both parts of the events calibrate it. */
export class SyntheticBaseline implements BaselineMaker {
  readonly #queries: Queries
  readonly #rows = new KeyedRows(MOST_CLIENTS, sectionsOf('baseline'))
  readonly #observed = new Map<number, Map<string, Observed[]>>()
  #columns: number | undefined

  constructor(context: DetectorContext) {
    this.#queries = new Queries(context)
  }

  async refer(events: readonly Event[]): Promise<void> {
    for (const event of events) this.#look(event)
  }

  async calibrate(events: readonly Event[]): Promise<void> {
    for (const event of events) this.#look(event)
  }

  async freeze(): Promise<Frozen> {
    if (this.#columns === undefined)
      return { refused: 'no request had a vector: read files of a gateway that logs model inputs or embeddings' }
    const sizes = [...this.#observed].toSorted(([a], [b]) => a - b)
    const ordinary = sizes.flatMap(([distances, clients]): Ordinary[] =>
      clients.size < FEWEST_CLIENTS ? [] : [{ distances, calibration: Calibration.fit([...clients.values()].flat()) }],
    )
    if (ordinary.length === 0)
      return {
        refused: `${FEWEST_CLIENTS} clients with ${FIRST_VERDICT} different vectors each are needed, and there are ${sizes[0]?.[1].size ?? 0}: take in more files`,
      }
    const { evicted } = this.#rows.keys()
    return {
      reference: freeze({ columns: this.#columns, ordinary }),
      notes: [
        ...ordinary.map(
          ({ distances, calibration }) =>
            `after ${distances} queries: calibrated on ${calibration.clients} clients; p-values below ${calibration.reach.toPrecision(2)} are extrapolated`,
        ),
        ...(evicted > 0 ? [`${evicted} times a client was set aside, since ${MOST_CLIENTS} are measured at once`] : []),
      ],
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #look(event: Event): void {
    if (!isModelRequest(event)) return
    const features = this.#queries.vectorOf(event, this.#columns)
    const query = features && this.#queries.of(features, event.inference.label)
    if (!query) return
    this.#columns ??= features.length
    const row = this.#rows.use(event.principal)
    const session = new Session(row, (section) => this.#rows.touch(row, section))
    if (!session.add(query, event.at, event.id)) return
    this.#observe(session.distances, event.principal, departure(session.w))
    session.closeWhenFull()
  }

  #observe(distances: number, client: string, value: number): void {
    const clients = this.#observed.get(distances) ?? new Map<string, Observed[]>()
    this.#observed.set(distances, clients)
    const own = clients.get(client) ?? []
    clients.set(client, own)
    if (own.length < MOST_SESSIONS) own.push({ client, value })
  }
}
