import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { scanFiles, type Match } from '../../src/app/scan.ts'
import { scan } from '../../src/cli/verbs/scan.ts'
import type { DetectorPlugin } from '../../src/contract/detect.ts'
import { canaries } from '../../src/detect/leaks/canaries/canaries.ts'
import { verbs } from '../../src/cli/verbs.ts'

const KEY = 'ghp_Zk3v9QpLx8RwTn2YbC6mVd0HsJf4GaUe1Kto'

interface Said {
  readonly code: number
  readonly out: string
  readonly lines: readonly Readonly<Record<string, unknown>>[]
}

async function call(
  words: readonly string[],
  flags: Readonly<Record<string, string | boolean | string[]>> = {},
): Promise<Said> {
  const out: string[] = []
  const lines: Record<string, unknown>[] = []
  const io = {
    asJson: flags['json'] === true,
    colour: false,
    line: (text = '') => out.push(text),
    json: (value: unknown) => lines.push(value as Record<string, unknown>),
    message: () => undefined,
    progress: () => undefined,
  }
  const code = await scan.run({ words, flags, io, signal: new AbortController().signal })
  return { code, out: out.join('\n'), lines }
}

function folder(files: Readonly<Record<string, string | Buffer>>): string {
  const root = mkdtempSync(join(tmpdir(), 'modelward-scan-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return root
}

test('is one of the verbs', () => {
  expect(verbs).toContain(scan)
})

test('one line a match, with file and line, folders and compressed files included; 1 when there are any', async () => {
  const root = folder({
    'a.txt': `nothing\n\nkey ${KEY}\ncard 4111 1111 1111 1111\n`,
    'deep/er/b.ndjson.gz': gzipSync(`{}\n{"output":"${KEY}"}\n`),
    'quiet.md': 'The river has fish.',
  })
  const { code, lines } = await call([root], { json: true })
  expect(code).toBe(1)
  expect(lines.slice(0, -1)).toMatchObject([
    {
      kind: 'match',
      rule: 'github-token',
      file: join(root, 'a.txt'),
      line: 3,
      family: 'secrets',
      length: 40,
      tail: 'to',
    },
    { kind: 'match', rule: 'card', file: join(root, 'a.txt'), line: 4, family: 'pii' },
    { kind: 'match', rule: 'github-token', file: join(root, 'deep/er/b.ndjson.gz'), line: 2 },
  ])
  expect(lines[0]?.['fingerprint']).toBe(lines[2]?.['fingerprint'])
  expect(lines.at(-1)).toMatchObject({ kind: 'summary', files: 3, matches: 3, skipped: { binary: 0, too_large: 0 } })
})

test('says nothing of a secret unless it is to be revealed', async () => {
  const root = folder({ 'a.txt': `key ${KEY}` })
  for (const flags of [{}, { json: true }]) {
    const { out, lines } = await call([root], flags)
    expect(out + JSON.stringify(lines)).toMatch(/github-token/)
    expect(out + JSON.stringify(lines)).not.toContain(KEY.slice(4, 12))
  }
  expect((await call([root], { reveal: true })).out).toContain(`a.txt:1: github-token: ${KEY}`)
  expect((await call([root], { reveal: true, json: true })).lines[0]).toMatchObject({ secret: KEY })
})

test('0 and a summary when there is nothing', async () => {
  const { code, out } = await call([folder({ 'a.txt': 'fish' })])
  expect(code).toBe(0)
  expect(out).toBe(
    '1 files, 4 bytes: 0 matches. Passed over: 0 binary, 0 over 64 MiB, 0 unreadable, 0 links and devices.',
  )
})

test('what is not looked at is counted: binary files, bombs, broken archives, links, repositories', async () => {
  const root = folder({
    'image.bin': Buffer.concat([Buffer.from([1, 0, 2]), Buffer.from(KEY)]),
    'bomb.gz': gzipSync(Buffer.alloc(65 * 1_048_576)),
    'broken.gz': Buffer.from([0x1f, 0x8b, 1, 2, 3]),
    '.git/config': KEY,
  })
  symlinkSync(root, join(root, 'round'))
  const { code, lines } = await call([root], { json: true })
  expect(code).toBe(0)
  expect(lines).toMatchObject([
    { kind: 'summary', files: 0, skipped: { binary: 1, too_large: 1, unreadable: 1, not_a_file: 1 } },
  ])
})

test('with packs named, only their patterns look, at the names of files too', async () => {
  const pack = `[[rules]]\nid = "fish"\nregex = '''trout-[0-9]+'''\nkeywords = ["trout"]\n[[rules]]\nid = "store"\npath = '''\\.p12$'''`
  const root = folder({ 'pack.toml': pack, 'in/a.txt': `${KEY}\ntrout-42`, 'in/my.p12': Buffer.from([0, 1]) })
  const { lines } = await call([join(root, 'in')], { pack: [join(root, 'pack.toml')], json: true })
  expect(lines.slice(0, -1)).toMatchObject([
    { rule: 'fish', line: 2 },
    { rule: 'store', file: join(root, 'in/my.p12'), line: 1 },
  ])
})

test('a config says what is protected', async () => {
  const root = folder({ value: 'heron-blue-42', 'in/a.txt': 'one\ntwo heron-blue-42' })
  const config = canaries.config.parse({ canaries: [{ name: 'crm', value: `\${file:${root}/value}` }] })
  const plugin = canaries as DetectorPlugin<unknown>
  const found: Match[] = []
  await scanFiles(
    {
      paths: [join(root, 'in')],
      packs: [],
      config: { detectors: [{ name: 'canaries', kind: 'canaries', plugin, config }] },
      match: (match) => found.push(match),
      progress: () => undefined,
    },
    new AbortController().signal,
  )
  expect(found).toMatchObject([{ rule: 'canary:crm', line: 2, family: 'canaries' }])
})

test('a path that is not there, or a pack that cannot be used, is an error and no answer', async () => {
  const root = folder({ 'bad.toml': '[extend]\nuseDefault = true', 'a.txt': '' })
  await expect(call([join(root, 'absent')])).rejects.toThrow('absent cannot be read')
  await expect(call([root], { pack: [join(root, 'bad.toml')] })).rejects.toMatchObject({ code: 'MW_REFUSED' })
  await expect(call([])).rejects.toThrow('which files or folders?')
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('')
})
