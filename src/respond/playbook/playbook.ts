import { z } from 'zod'
import type { Alert } from '../../contract/alert.ts'
import { durationText } from '../../runtime/duration.ts'

const key = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be made of a-z, 0-9 and -, like contain-key')
const words = z.string().trim().min(1, 'must not be empty')

const Limits = z.strictObject({
  maxTargets: z.int().min(1).max(100_000).default(10),
  maxActionsPerHour: z.int().min(1).max(100_000).default(30),
  maxCollateralPercent: z.number().min(0).max(100).default(1),
  protected: z.array(words).max(1_000).default([]),
})

/** A playbook as it is written, but for what each action asks of its steps. */
export const PlaybookShape = z.strictObject({
  id: key,
  title: words.max(200),
  description: words.max(4_000),
  approval: z.enum(['human', 'auto']).default('human'),
  on: z
    .strictObject({
      levels: z
        .array(z.enum(['informational', 'low', 'medium', 'high', 'critical']))
        .min(1)
        .optional(),
      controls: z.array(words).min(1).optional(),
      rules: z.array(words).min(1).optional(),
    })
    .default({}),
  limits: Limits.prefault({}),
  steps: z
    .array(z.strictObject({ action: z.string(), with: z.record(z.string(), z.unknown()).default({}) }))
    .min(1, 'must hold a step')
    .max(20),
  expires: durationText('1m', '7d').default('24h'),
})

/** What to do about an alert: steps, who must approve them, and how far they may go. */
export interface Playbook extends z.output<typeof PlaybookShape> {
  /** The path of its file. */
  readonly file: string
  /** sha256, hex, over what it means: everything but title, description and file. */
  readonly digest: string
}

/** Whether it is planned for an alert by itself: the alert's rule names it, or everything that `on` lists agrees. */
export function isFor(playbook: Playbook, alert: Alert): boolean {
  if (alert.rule.playbook === playbook.id) return true
  const { levels, controls, rules } = playbook.on
  if (!levels && !controls && !rules) return false
  return (
    (levels?.includes(alert.level) ?? true) &&
    (controls?.some((control) => alert.rule.controls.includes(control)) ?? true) &&
    (rules?.includes(alert.rule.id) ?? true)
  )
}

/** Whether a principal's pseudonym is among the protected ones: `*` stands for any run of characters, `?` for one. */
export function isProtected(playbook: Playbook, principal: string): boolean {
  return playbook.limits.protected.some((glob) => matchesGlob(glob, principal))
}

/** Goes back to the last star only, so that it takes at most glob times text steps. */
function matchesGlob(glob: string, text: string): boolean {
  let [at, seen, star, mark] = [0, 0, -1, 0]
  while (seen < text.length) {
    if (glob[at] === '*') {
      star = at++
      mark = seen
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === text[seen])) {
      at++
      seen++
    } else if (star >= 0) {
      at = star + 1
      seen = ++mark
    } else return false
  }
  while (glob[at] === '*') at++
  return at === glob.length
}
