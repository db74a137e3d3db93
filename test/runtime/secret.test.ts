import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { openLog } from '../../src/runtime/log.ts'
import { Secret, secretRef } from '../../src/runtime/secret.ts'

test('a secret prints as *** wherever it is printed', async () => {
  const secret = new Secret('hunter2')
  const said = [
    String(secret),
    JSON.stringify({ secret }),
    inspect({ deep: { secret } }),
    'in a text: '.concat(String(secret)),
  ]
  for (const text of said) expect(text).toContain('***')
  expect(said.join('')).not.toContain('hunter2')
  const stream = new PassThrough()
  openLog('info', stream).info('opened', { secret, list: [secret] })
  await new Promise(setImmediate)
  expect(String(stream.read())).toMatch(/\*\*\*.*\*\*\*/)
  expect(secret.reveal()).toBe('hunter2')
})

test('secrets are read from files, the environment and programs, without their line end', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'secret-')), 'key')
  writeFileSync(file, 'from a file\n')
  process.env['MODELWARD_TEST_SECRET'] = 'from the environment'
  const read = async (text: string): Promise<string> => (await secretRef.parse(text).read()).reveal()
  expect(await read(`\${file:${file}}`)).toBe('from a file')
  expect(await read('${env:MODELWARD_TEST_SECRET}')).toBe('from the environment')
  expect(await read('${exec:printf from-a-program}')).toBe('from-a-program')
  delete process.env['MODELWARD_TEST_SECRET']
})

test('a secret written into the config is refused, and a missing one names its place, not its value', async () => {
  expect(secretRef.safeParse('hunter2').error?.issues[0]?.message).toContain('by reference')
  await expect(secretRef.parse('${file:/nowhere/key}').read()).rejects.toThrow(
    'reading the secret at ${file:/nowhere/key}',
  )
  await expect(secretRef.parse('${exec:false}').read()).rejects.toThrow('reading the secret at ${exec:false}')
})
