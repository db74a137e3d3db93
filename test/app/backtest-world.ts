import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder with three rules on CloudTrail and a log on which they fire three times, once and never. Expectations end in `.txt`: they are no rules. */
export function backtestFolder(): {
  readonly rules: string
  readonly logs: string
  readonly expect: (text: string) => string
} {
  const folder = mkdtempSync(join(tmpdir(), 'modelward-backtest-'))
  for (const [at, [name, eventName]] of [
    ['often', 'DeleteTrail'],
    ['once', 'StopLogging'],
    ['never', 'CreateUser'],
  ].entries())
    writeFileSync(join(folder, `${name}.yml`), ruleOf(at + 1, `Rule <${name}> & "it"`, eventName ?? ''))
  const times = ['09:05:00', '09:01:00', '09:09:00']
  const records = [
    ...times.map((time) => recordOf('DeleteTrail', time)),
    recordOf('StopLogging', '09:03:00'),
    recordOf('GetObject', '09:04:00'),
  ]
  const logs = join(folder, 'trail.ndjson')
  writeFileSync(logs, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
  let files = 0
  const expect = (text: string): string => {
    const file = join(folder, `expected-${++files}.yaml.txt`)
    writeFileSync(file, text)
    return file
  }
  return { rules: folder, logs, expect }
}

export function idOf(at: number): string {
  return `${at}`.repeat(8) + '-1111-4111-8111-111111111111'
}

function ruleOf(at: number, title: string, eventName: string): string {
  return `title: '${title}'
id: ${idOf(at)}
status: test
description: A rule to try.
logsource: {product: aws, service: cloudtrail}
detection: {sel: {eventName: ${eventName}}, condition: sel}
level: high
`
}

function recordOf(eventName: string, time: string): Record<string, unknown> {
  return {
    eventVersion: '1.09',
    eventID: `${eventName}-${time}`,
    eventTime: `2026-03-02T${time}Z`,
    eventSource: 'cloudtrail.amazonaws.com',
    eventName,
    awsRegion: 'eu-west-1',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::123456789012:user/ada', userName: 'ada' },
    sourceIPAddress: '192.0.2.1',
  }
}
