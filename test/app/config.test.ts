import { detectors } from '../../src/detect/index.ts'
import { expect, test } from 'vitest'
import { ConfigDocument } from '../../src/app/config/document.ts'
import { configJsonSchema } from '../../src/app/config/json-schema.ts'
import { readConfig, type Config } from '../../src/app/config/load.ts'
import { ConfigError } from '../../src/runtime/errors.ts'

function read(text: string): Config {
  return readConfig(ConfigDocument.parse('modelward.yaml', text), 'modelward.yaml')
}

function complaint(text: string): string {
  try {
    read(text)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'no complaint'
}

test('an empty config is a good one: every part has its default', () => {
  const config = read('{}')
  expect(config.sources).toEqual([])
  expect(config.detectors.map(({ name }) => name)).toEqual(detectors.map(({ kind }) => kind))
  expect(config.respond.mode).toBe('dry-run')
})

test.each([
  ['an unknown key at the top', 'colect: []\n', 'modelward.yaml:1: colect: the key "colect" is unknown'],
  [
    'an unknown key of a plug-in',
    'collect:\n  - kind: file\n    paths: [a]\n    pth: b\n',
    'modelward.yaml:4: collect[0].pth: the key "pth" is unknown',
  ],
  [
    'a kind that does not exist',
    'deliver:\n  - kind: fax\n',
    'modelward.yaml:2: deliver[0].kind: "fax" is no kind of deliver. Use one of: file, webhook',
  ],
  [
    'a format that does not exist',
    'collect:\n  - kind: file\n    paths: [a]\n    format: jsn\n',
    'modelward.yaml:4: collect[0].format: "jsn" is no format. Use one of: litellm, ',
  ],
  [
    'a format that is turned off',
    'collect:\n  - {kind: file, paths: [a], format: haproxy}\nnormalize: {disabled: [haproxy]}\n',
    '"haproxy" is no format',
  ],
  ['a missing value', 'collect:\n  - kind: file\n', 'collect[0].paths'],
  [
    'two of one name',
    'collect:\n  - {kind: file, paths: [a]}\n  - {kind: file, paths: [b]}\n',
    'the name "file" is used twice',
  ],
  ['broken YAML', 'collect: [\n', 'modelward.yaml:2: YAML:'],
  ['a secret in clear', 'privacy:\n  pseudonymKey: hunter2\n', 'a secret is given by reference'],
  ['a rule folder that is not there', 'rules:\n  add: [/nowhere/rules]\n', 'there is no folder /nowhere/rules'],
  ['an unknown level', 'deliver:\n  - {kind: file, path: a, atLeast: loud}\n', '"loud" is no level'],
  [
    'a schedule that is none',
    'inspect:\n  - {kind: tls-posture, schedule: daily, endpoints: ["https://127.0.0.1"]}\n',
    'inspect[0].schedule',
  ],
])('%s is told with file, line, part and cure', (_case, text, expected) => {
  expect(complaint(text)).toContain(expected)
})

test('all problems are told at once', () => {
  expect(complaint('deliver:\n  - kind: fax\n  - kind: pigeon\n').split('\n')).toHaveLength(2)
})

test('the JSON Schema for editors knows every kind of plug-in with its keys', () => {
  const schema = JSON.stringify(configJsonSchema())
  for (const kind of ['file', 'http', 'webhook', 'elasticsearch', 'api-abuse', 'usage', 'tls-posture'])
    expect(schema).toContain(`"const":"${kind}"`)
  for (const key of ['pollMs', 'allowAddresses', 'group_wait', 'killSwitch', 'expiresWithinDays'])
    expect(schema).toContain(`"${key}"`)
})
