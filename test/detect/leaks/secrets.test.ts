import { expect, test } from 'vitest'
import { entropyOf } from '../../../src/detect/leaks/secrets/entropy.ts'
import { SecretFinder } from '../../../src/detect/leaks/secrets/finder.ts'
import { readGitleaks } from '../../../src/detect/leaks/secrets/gitleaks.ts'
import { ownPack } from '../../../src/detect/leaks/secrets/own-pack.ts'
import { seededRandom } from '../../../src/runtime/random.ts'
import { haveSharedData } from '../../support/shared-data.ts'
import { judgeGitleaksCases } from './gitleaks-cases.ts'

test.skipIf(!haveSharedData())("gitleaks' own cases are all judged as gitleaks judges them", () => {
  const { cases, hits, wrong } = judgeGitleaksCases()
  expect([cases, hits]).toEqual([4_205, 3_957])
  expect(wrong).toEqual([])
})

function pack(rule: string, everywhere = ''): SecretFinder {
  return new SecretFinder([readGitleaks(`${everywhere}\n[[rules]]\nid = "it"\n${rule}`, 'pack.toml')])
}

function secrets(finder: SecretFinder, text: string, path = ''): string[] {
  return finder.find(text, { path }).leaks.map(({ secret }) => secret)
}

test('a rule looks only where a keyword stands, in any case', () => {
  const finder = pack(`regex = '''\\b[a-z]{5}\\d{3}\\b'''\nkeywords = ["Token"]`)
  expect(secrets(finder, 'TOKEN abcde123')).toEqual(['abcde123'])
  expect(secrets(finder, 'abcde123')).toEqual([])
})

test('the secret is the named group, else the first that is not empty, else the match', () => {
  expect(secrets(pack(`regex = '''(a)(b)c'''\nsecretGroup = 2`), 'abc')).toEqual(['b'])
  expect(secrets(pack(`regex = '''(x)?(b)c'''`), 'abc')).toEqual(['b'])
  expect(secrets(pack(`regex = '''abc'''`), 'abc')).toEqual(['abc'])
})

test('entropy must be above the floor', () => {
  expect(entropyOf('')).toBe(0)
  expect(entropyOf('aabb')).toBe(1)
  const finder = pack(`regex = '''[a-d]{4}'''\nentropy = 1.0`)
  expect(secrets(finder, 'aabb')).toEqual([])
  expect(secrets(finder, 'abca')).toEqual(['abca'])
})

test('allowlists go by stopword, path and pattern on secret, match or line, by any or by all of them', () => {
  const rule = (list: string): SecretFinder => pack(`regex = '''key=(\\w+)'''\n[[rules.allowlists]]\n${list}`)
  expect(secrets(rule('stopwords = ["TEST"]'), 'key=mytest1')).toEqual([])
  expect(secrets(rule("regexes = ['''^a''']"), 'key=abc key=bcd')).toEqual(['bcd'])
  expect(secrets(rule("regexTarget = 'match'\nregexes = ['''^key=a''']"), 'key=abc')).toEqual([])
  expect(secrets(rule("regexTarget = 'line'\nregexes = ['''^#''']"), '# key=abc\nkey=bcd\n')).toEqual(['bcd'])
  const both = rule(`condition = "AND"\nstopwords = ["test"]\npaths = ['''\\.md$''']`)
  expect(secrets(both, 'key=mytest1', 'a.md')).toEqual([])
  expect(secrets(both, 'key=mytest1', 'a.ts')).toEqual(['mytest1'])
  expect(secrets(rule(`paths = ['''\\.md$''']`), 'key=abc', 'docs/a.md')).toEqual([])
})

test('a global allowlist holds for every rule, or for those that it names', () => {
  const rule = `regex = '''key=(\\w+)'''`
  expect(secrets(pack(rule, `[allowlist]\nstopwords = ["abc"]`), 'key=abc')).toEqual([])
  expect(secrets(pack(rule, `[[allowlists]]\ntargetRules = ["it"]\nstopwords = ["abc"]`), 'key=abc')).toEqual([])
  expect(secrets(pack(rule, `[[allowlists]]\ntargetRules = ["other"]\nstopwords = ["abc"]`), 'key=abc')).toEqual([
    'abc',
  ])
})

test('a rule with a path looks only there, and without a pattern the path is the finding', () => {
  expect(secrets(pack(`regex = '''abc'''\npath = '''\\.env$'''`), 'abc', 'x/.env')).toEqual(['abc'])
  expect(secrets(pack(`regex = '''abc'''\npath = '''\\.env$'''`), 'abc', 'x.md')).toEqual([])
  expect(secrets(pack(`path = '''\\.p12$'''`), '', 'my.p12')).toEqual(['my.p12'])
})

test.each([
  ['[extend]\nuseDefault = true', /extend: another pack would be loaded/],
  ["[[rules]]\nid = \"a\"\nregex = '''(?=a)'''", /pack\.toml: rule a: .*RE2 syntax/s],
  ['[[rules]]\nid = "a"', /neither regex nor path/],
  ['[[rules]]\nid = "a"\nregex = "b"\n[[rules]]\nid = "a"\nregex = "b"', /two of that id/],
  ['[[rules]]\nid = "a"\nregex = "b"\n[[rules.required]]\nid = "c"', /required/],
  ['rules = 3', /pack\.toml: rules/],
  ['= nonsense', /TOML/],
])('what a pack says and cannot be honoured is refused: %s', (text, why) => {
  expect(() => readGitleaks(text, 'pack.toml')).toThrow(why)
})

test('a text full of keywords is looked at up to a limit, and the rest is counted', () => {
  const finder = new SecretFinder(
    [readGitleaks(`[[rules]]\nid = "a"\nregex = "q[0-9]"\nkeywords = ["q"]`, 'p')],
    10_000,
  )
  const { leaks, unread } = finder.find(`q1 ${' '.repeat(9_000)}${'q '.repeat(8_000)}`)
  expect(leaks.length).toBeGreaterThan(0)
  expect(unread).toBeGreaterThan(10_000)
  // Junk of one kind does not use up what another kind may look at.
  expect(own.find(`${'token '.repeat(20_000)} ghp_${word(36)}`).leaks.map(({ rule }) => rule)).toEqual(['github-token'])
})

/** What keys of the kinds look like; drawn, none was ever valid. */
const random = seededRandom(5)
const draw = (letters: string, count: number): string =>
  Array.from({ length: count }, () => letters[Math.floor(random.next() * letters.length)]).join('')
const hex = (count: number): string => draw('0123456789abcdef', count)
const word = (count: number): string => draw('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', count)
const upper = (count: number): string => draw('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', count)
const KEYS: readonly (readonly [rule: string, text: string])[] = [
  ['anthropic-key', `sk-ant-api03-${word(93)}AA`],
  ['openai-key', `sk-proj-${word(74)}T3BlbkFJ${word(74)}`],
  ['openai-legacy-key', `sk-${word(20)}T3BlbkFJ${word(20)}`],
  ['openrouter-key', `sk-or-v1-${hex(64)}`],
  ['hugging-face-token', `hf_${word(34)}`],
  ['groq-key', `gsk_${word(52)}`],
  ['replicate-token', `r8_${word(37)}`],
  ['nvidia-key', `nvapi-${word(64)}`],
  ['langsmith-key', `lsv2_pt_${hex(32)}_${hex(10)}`],
  ['databricks-token', `dapi${hex(32)}`],
  ['wandb-key', `WANDB_API_KEY=${hex(40)}`],
  ['cohere-key', `cohere_api_key: "${word(40)}"`],
  ['aws-access-key-id', `AKIA${upper(16)}`],
  ['aws-secret-key', `aws_secret_access_key = ${word(40)}`],
  ['gcp-api-key', `AIza${word(35)}`],
  ['gcp-service-account', `"private_key_id": "${hex(40)}"`],
  ['azure-storage-key', `AccountName=x;AccountKey=${word(86)}==;EndpointSuffix=y`],
  ['azure-client-secret', `client_secret=${word(3)}8Q~${word(34)}`],
  ['github-token', `ghp_${word(36)}`],
  ['github-fine-grained-token', `github_pat_${word(22)}_${word(59)}`],
  ['gitlab-token', `glpat-${word(20)}`],
  ['terraform-token', `${word(14)}.atlasv1.${word(67)}`],
  ['slack-token', `xoxb-${draw('123456789', 12)}-${draw('123456789', 12)}-${word(24)}`],
  ['slack-webhook', `https://hooks.slack.com/services/T${upper(8)}/B${upper(8)}/${word(24)}`],
  ['stripe-key', `sk_live_${word(24)}`],
  ['npm-token', `npm_${word(36)}`],
  ['private-key', `-----BEGIN RSA PRIVATE KEY-----\n${word(64)}\n${word(64)}\n-----END RSA PRIVATE KEY-----`],
  ['jwt', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${word(43)}`],
  ['connection-string', `postgresql://admin:${word(14)}@db.internal:5432/app`],
  ['url-password', `https://deploy:${word(16)}@git.corp.net/x.git`],
  ['bearer-token', `Authorization: Bearer ${word(40)}`],
  ['generic-secret', `my_service_secret = "${word(32)}"`],
]
const own = new SecretFinder([ownPack])

test.each(KEYS)('the own pack finds %s, in prose, quoted, and at the ends', (rule, text) => {
  for (const written of [text, `Use ${text} for this.`, `"${text}"`, `\n${text}\n`])
    expect(own.find(written).leaks.map((leak) => leak.rule)).toContain(rule)
})

test('the own pack leaves placeholders, identifiers and prose alone', () => {
  const quiet = [
    'AKIAIOSFODNN7EXAMPLE',
    `sk-proj-${'x'.repeat(80)}`,
    'api_key = "your_api_key_goes_here_1"',
    'const token = process.env.MY_TOKEN_2',
    'The secret: never tell anyone about token 12345, said the risk-averse desk-clerk.',
    'password = getPassword(user1, realm2)',
    '"max_tokens": 4096, "tokenizer": "tiktoken-cl100k-base-v2"',
    'postgresql://localhost:5432/app',
    'https://example.com/path?key=value',
    'secret_key: ${SECRET_KEY_FROM_VAULT_01}',
  ]
  for (const text of quiet) expect(own.find(text).leaks).toEqual([])
})

test('every own pattern is one that RE2 takes, with a keyword and a bound', () => {
  for (const rule of ownPack.rules) {
    expect(rule.keywords.length, rule.id).toBeGreaterThan(0)
    expect(() => new SecretFinder([{ rules: [rule], allowlists: [] }]).find(rule.keywords.join(' '))).not.toThrow()
  }
  expect(new Set(ownPack.rules.map(({ id }) => id)).size).toBe(ownPack.rules.length)
})
