import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { problemsOf, readDockerfile } from './dockerfile.ts'

const root = join(import.meta.dirname, '../..')
const text = readFileSync(join(root, 'Dockerfile'), 'utf8')

describe('the Dockerfile', () => {
  test('keeps every rule of the house', () => {
    expect(problemsOf(text)).toEqual([])
  })

  test('stands on the Node that the tests run on', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>
    }
    const [base] = readDockerfile(text).before
    expect(base?.rest).toMatch(new RegExp(`^BASE=node:${devDependencies['node']}-`))
  })

  test('installs from the lock file and runs no script of a package', () => {
    const runs = readDockerfile(text).stages.flatMap(({ instructions }) =>
      instructions.filter(({ name, rest }) => name === 'RUN' && /\bnpm\b/.test(rest)),
    )
    expect(runs).toHaveLength(2)
    for (const { rest } of runs) {
      expect(rest).not.toMatch(/npm (install|i|update)\b/)
      expect(rest).toContain('--ignore-scripts')
    }
  })

  test('watches, checks its health and keeps its data in one and the same place', () => {
    const rest = (name: string): string =>
      readDockerfile(text)
        .stages.at(-1)
        ?.instructions.find((instruction) => instruction.name === name)?.rest ?? ''
    const [volume = ''] = JSON.parse(rest('VOLUME')) as string[]
    expect(JSON.parse(rest('CMD'))).toEqual(expect.arrayContaining(['--data', volume]))
    expect(JSON.parse(rest('HEALTHCHECK').replace(/^CMD /, ''))).toEqual(
      expect.arrayContaining(['doctor', '--healthy', '--data', volume]),
    )
    expect(text).toContain(`chown 65532:65532 ${volume}`)
  })
})

describe('the context of the build', () => {
  const lines = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

  test('leaves everything out but what is named', () => {
    expect(lines[0]).toBe('*')
  })

  test('holds all that the Dockerfile copies', () => {
    const copied = readDockerfile(text).stages.flatMap(({ instructions }) =>
      instructions
        .filter(({ name, flags }) => name === 'COPY' && flags.length === 0)
        .flatMap(({ rest }) => rest.split(' ').slice(0, -1)),
    )
    expect(copied.length).toBeGreaterThan(5)
    expect(lines).toEqual(expect.arrayContaining(copied.map((path) => `!${path.replace(/^\.\//, '')}`)))
  })
})

describe('the rules for Dockerfiles', () => {
  const broken: readonly (readonly [string, (good: string) => string, RegExp])[] = [
    ['a base without a version', (good) => good.replace(/:26\.10\.0-/, ':26-'), /not pinned/],
    ['a base that is the latest', (good) => good.replace(/BASE=node:\S+/, 'BASE=node:latest'), /not pinned/],
    ['a base that is no ARG', (good) => good.replace('FROM ${BASE} AS', 'FROM node:26.10.0 AS'), /come from an ARG/],
    ['ADD', (good) => good.replace('COPY rules', 'ADD rules'), /ADD/],
    ['an image that is the latest', (good) => good.replace('--from=build /build/dist', '--from=x:latest /d'), /latest/],
    ['a stage that is not there', (good) => good.replace('--from=build /build/dist', '--from=other /d'), /no earlier/],
    ['sources in what runs', (good) => good.replace('/build/dist ./dist', '/build/src ./src'), /has no place/],
    ['tests in what runs', (good) => good.replace('COPY rules ./rules', 'COPY . ./'), /has no place/],
    ['a user by name', (good) => good.replace('USER 65532:65532', 'USER modelward'), /USER/],
    ['root', (good) => good.replace('USER 65532:65532', 'USER 0:0'), /USER/],
    ['no user', (good) => good.replace('USER 65532:65532\n', ''), /USER/],
    ['a step after USER', (good) => `${good}RUN true\n`, /run after USER/],
    ['a second volume', (good) => `${good}VOLUME ["/tmp"]\n`, /2 VOLUMEs/],
    ['no volume', (good) => good.replace(/^VOLUME.*\n/m, ''), /0 VOLUMEs/],
    ['no health check', (good) => good.replace(/^HEALTHCHECK[^\n]*\n[^\n]*\n/m, ''), /no HEALTHCHECK/],
    ['a health check in a shell', (good) => good.replace('CMD ["node"', 'CMD node; ["'), /through a shell/],
    ['an entry point in a shell', (good) => good.replace(/^ENTRYPOINT.*$/m, 'ENTRYPOINT node main.js'), /JSON array/],
    ['a token as an argument', (good) => good.replace('WORKDIR /build', 'ARG NPM_TOKEN'), /secret/],
    ['a password in the environment', (good) => good.replace('ENV NODE', 'ENV PASSWORD=x NODE'), /secret/],
    ['a key that is copied', (good) => good.replace('COPY LICENSE', 'COPY tls.key'), /secret/],
    ['a script run as fetched', (good) => good.replace('npm ci', 'curl -s https://x.example | sh'), /unseen/],
  ]

  test.each(broken)('see %s', (_name, breakIt, problem) => {
    const bad = breakIt(text)
    expect(bad).not.toBe(text)
    expect(problemsOf(bad).join('\n')).toMatch(problem)
  })

  test('join continued lines and skip comments between them', () => {
    const { stages } = readDockerfile('FROM a AS b\nRUN one \\\n# why\n && two\n\nUSER 1:1')
    expect(stages).toEqual([
      {
        image: 'a',
        name: 'b',
        instructions: [
          { line: 2, name: 'RUN', flags: [], rest: 'one && two' },
          { line: 6, name: 'USER', flags: [], rest: '1:1' },
        ],
      },
    ])
  })
})
