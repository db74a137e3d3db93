import { z } from 'zod'
import { durationWithin } from '../runtime/duration.ts'
import { WrittenMatcher, isSelective } from './matcher.ts'

const labelName = z.string().min(1).max(200)

const InhibitRule = z
  .strictObject({
    source_matchers: z.array(WrittenMatcher).min(1).max(20).describe('Alerts that mute others while they fire.'),
    target_matchers: z.array(WrittenMatcher).min(1).max(20).describe('Alerts that are muted.'),
    equal: z.array(labelName).max(20).prefault([]).describe('Labels on which both must agree.'),
  })
  .refine((rule) => isSelective(rule.source_matchers), {
    path: ['source_matchers'],
    message: 'one matcher must name a value that is there; else nearly every alert would mute others',
  })
  .transform((rule) => ({ source: rule.source_matchers, target: rule.target_matchers, equal: rule.equal }))

/** One rule of inhibition, in Alertmanager's sense. */
export type InhibitRule = z.output<typeof InhibitRule>

/** How findings become alerts and when people are told; names and defaults are Alertmanager's. Output in milliseconds. */
export const AlertConfig = z
  .strictObject({
    group_by: z
      .array(labelName)
      .max(20)
      .prefault(['rule', 'principal'])
      .describe('Alerts that agree on these labels are told together: rule, principal, level, control or a label.'),
    group_wait: durationWithin('0s', '1h')
      .prefault('30s')
      .describe('How long a new group collects before it is first told; a critical alert never waits.'),
    group_interval: durationWithin('1s', '1d').prefault('5m').describe('How often a group may be told of changes.'),
    repeat_interval: durationWithin('1m', '30d')
      .prefault('4h')
      .describe('How often a group that still fires is told again.'),
    resolve_after: durationWithin('1s', '30d')
      .prefault('5m')
      .describe('An alert ends when no finding came for this long.'),
    max_open_per_rule: z
      .int()
      .min(1)
      .max(100_000)
      .prefault(1_000)
      .describe('Open alerts of one rule; findings beyond are counted in one overflow alert of that rule.'),
    inhibit_rules: z.array(InhibitRule).max(100).prefault([]),
  })
  .refine((config) => config.repeat_interval >= config.group_interval, {
    path: ['repeat_interval'],
    message: 'must not be shorter than group_interval',
  })
  .transform((config) => ({
    groupBy: config.group_by,
    groupWaitMs: config.group_wait,
    groupIntervalMs: config.group_interval,
    repeatIntervalMs: config.repeat_interval,
    resolveAfterMs: config.resolve_after,
    maxOpenPerRule: config.max_open_per_rule,
    inhibitRules: config.inhibit_rules,
  }))

export type AlertConfig = z.output<typeof AlertConfig>
