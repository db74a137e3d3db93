import type { Alert } from '../../src/contract/alert.ts'
import type { Action, ActionStep, Plan, StepPlan } from '../../src/contract/respond.ts'
import type { AuditEntry, Changes } from '../../src/contract/store.ts'
import { Decisions } from '../../src/respond/claims/decisions.ts'
import { decision } from '../../src/respond/actions/decision/decision.ts'
import type { Memory } from '../../src/respond/memory/memory.ts'
import { digestOf } from '../../src/respond/playbook/canonical.ts'
import { PlaybookShape, type Playbook } from '../../src/respond/playbook/playbook.ts'
import { Responder, type ResponderParts } from '../../src/respond/responder.ts'
import { Traffic } from '../../src/respond/traffic/traffic.ts'
import { given, type TestGiven } from '../support/given.ts'

export const HOUR = 3_600_000

/** Everything that happens, in order; at the step it is told to, the process dies and nothing more gets through. */
export class Fate {
  readonly trace: string[] = []
  #left = Infinity
  #isDead = false

  /** Dies at the `steps`-th step from now, counted from 1. */
  dieAt(steps: number): void {
    this.#left = steps
  }

  get isDead(): boolean {
    return this.#isDead
  }

  step(name: string): void {
    if (!this.#isDead && --this.#left <= 0) this.#isDead = true
    if (this.#isDead) throw new Error('the process died')
    this.trace.push(name)
  }
}

/** A disk: what was committed stays, whatever becomes of the process. */
export class Disk {
  readonly kinds = new Map<string, Map<string, string>>()
  readonly audit: AuditEntry[] = []

  memory(fate = new Fate()): Memory {
    return {
      commit: async (changes) => {
        await Promise.resolve()
        fate.step('before commit')
        this.#write(changes)
        fate.step(nameOf(changes))
      },
      documents: <T>(kind: string) =>
        [...(this.kinds.get(kind) ?? [])].map(([key, text]) => ({ key, value: JSON.parse(text) as T })),
    }
  }

  actions(): string[] {
    return this.audit.map(({ action }) => action)
  }

  #write({ documents, audit }: Changes): void {
    this.audit.push(...(audit ?? []))
    for (const { kind, key, value } of documents ?? []) {
      const held = this.kinds.get(kind) ?? new Map<string, string>()
      if (value === null) held.delete(key)
      else held.set(key, JSON.stringify(value))
      this.kinds.set(kind, held)
    }
  }
}

function nameOf({ documents, audit }: Changes): string {
  return `commit ${audit?.[0]?.action ?? documents?.[0]?.kind ?? 'nothing'}`
}

/** An action on an outside world of its own that remembers every call. */
export class SpyAction implements Action {
  readonly outside: Map<string, string>
  readonly fate: Fate
  /** Called before an effect; may throw, or answer what verify says instead of the truth. */
  onApply: (step: ActionStep) => void = () => undefined
  onUndo: (step: ActionStep) => void = () => undefined
  verdict: 'effective' | 'ineffective' | 'unknown' | undefined
  state = 'as planned'

  constructor(outside = new Map<string, string>(), fate = new Fate()) {
    this.outside = outside
    this.fate = fate
  }

  plan(step: ActionStep): Promise<StepPlan> {
    return Promise.resolve({
      action: 'spy',
      parameters: step.parameters,
      summary: `mark ${step.target.principal}`,
      undo: 'unmark',
      reversible: true,
      stateFingerprint: digestOf(this.state),
    })
  }

  apply(step: ActionStep): Promise<string> {
    return attempt(() => {
      this.fate.step('apply')
      this.onApply(step)
      this.outside.set(step.claimId, step.target.principal)
      this.fate.step('applied')
      return 'marked'
    })
  }

  verify(step: ActionStep): ReturnType<Action['verify']> {
    return attempt(() => {
      this.fate.step('verify')
      const state = this.verdict ?? (this.outside.has(step.claimId) ? 'effective' : 'ineffective')
      return { state, detail: `looked: ${state}` }
    })
  }

  undo(step: ActionStep): ReturnType<Action['undo']> {
    return attempt(() => {
      this.fate.step('undo')
      this.onUndo(step)
      const state = this.outside.delete(step.claimId) ? ('reverted' as const) : ('drifted' as const)
      this.fate.step('undone')
      return { state, detail: state }
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve()
  }
}

async function attempt<T>(work: () => T): Promise<T> {
  await Promise.resolve()
  return work()
}

export interface World {
  readonly responder: Responder
  readonly disk: Disk
  readonly spy: SpyAction
  readonly decisions: Decisions
  readonly given: TestGiven
}

/** A responder in live mode over a disk; another one over the same disk is a restart. */
export async function world(
  options: Partial<ResponderParts> & { disk?: Disk; spy?: SpyAction; fate?: Fate; now?: number } = {},
): Promise<World> {
  const own = given('respond', options.now)
  const disk = options.disk ?? new Disk()
  const fate = options.fate ?? new Fate()
  const memory = options.memory ?? disk.memory(fate)
  const spy = options.spy ?? new SpyAction(new Map(), fate)
  const decisions = new Decisions(memory)
  const post = (): Promise<never> => Promise.reject(new Error('nothing is posted here'))
  const responder = new Responder({
    playbooks: [playbook()],
    actions: new Map<string, Action>([
      ['spy', spy],
      ['decision', await decision.open({}, { ...own, decisions, post })],
    ]),
    decisions,
    traffic: new Traffic(),
    memory,
    clock: own.clock,
    random: own.random,
    log: own.log,
    mode: 'live',
    killSwitch: '/nonexistent/no-containment',
    verifyWithinMs: 60_000,
    ...options,
  })
  return { responder, disk, spy, decisions, given: own }
}

export const deny = { action: 'decision', with: { effect: 'deny', for: '1h' } }
export const mark = { action: 'spy', with: { for: '2h' } }

export function playbook(parts: Record<string, unknown> = {}): Playbook {
  const written = { id: 'contain-key', title: 'Contain', description: 'For tests.', steps: [mark], ...parts }
  const shape = PlaybookShape.parse(written)
  return { ...shape, file: 'contain-key.yml', digest: digestOf(shape) }
}

export function alert(parts: Partial<Alert> = {}): Alert {
  return {
    id: 'alert-1',
    fingerprint: 'f'.repeat(64),
    rule: {
      id: '59179f1a-9fb3-44be-8897-9bc8f71444b9',
      title: 'Last-layer stealing',
      description: '',
      level: 'critical',
      file: 'rules/detectors/last-layer-stealing.yml',
      controls: ['IN-1'],
      atlas: [],
      attack: [],
      tags: [],
      falsePositives: [],
      references: [],
      runbook: '',
      groupBy: ['principal'],
      playbook: 'contain-key',
      digest: 'd'.repeat(64),
    },
    level: 'critical',
    state: 'firing',
    startedAt: Date.UTC(2026, 0, 5, 11),
    lastAt: Date.UTC(2026, 0, 5, 11, 30),
    count: 3,
    principal: 'key:attacker',
    labels: {},
    reason: 'One caller went through the vocabulary.',
    risk: 90,
    evidence: [],
    revision: 1,
    ...parts,
  }
}

/** The plan for an alert. Throws when nothing was planned. */
export async function planned(at: World, about = alert()): Promise<Plan> {
  const [plan] = await at.responder.consider(about)
  if (!plan) throw new Error('nothing was planned')
  return plan
}

/** The plan that a person asked for. Throws when there is none. */
export async function askedFor(at: World, playbook: string, about = alert()): Promise<Plan> {
  const [plan] = await at.responder.plan(playbook, about, 'ada')
  if (!plan) throw new Error('nothing was planned')
  return plan
}

/** An alert about several. */
export function shared(principals: readonly string[], parts: Partial<Alert> = {}): Alert {
  const { principal: _, ...rest } = alert(parts)
  return { ...rest, principals }
}

export function statesOf(plan: Plan | undefined): string[] {
  return (plan?.states ?? []).map(({ state }) => state)
}

/** Lets everything happen that does not wait for the clock. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve()
}
