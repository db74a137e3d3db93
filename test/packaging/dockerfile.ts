/** One instruction of a Dockerfile: `COPY --from=build /build/dist ./dist`. */
export interface Instruction {
  readonly line: number
  readonly name: string
  /** `--from=build` and the like, without the dashes. */
  readonly flags: readonly string[]
  readonly rest: string
}

/** From one FROM to the next; `before` holds the ARGs that stand before the first. */
export interface Stage {
  readonly image: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

export interface Dockerfile {
  readonly before: readonly Instruction[]
  readonly stages: readonly Stage[]
}

/** Reads what our own Dockerfile uses of the language: comments, continued lines, flags, stages. */
export function readDockerfile(text: string): Dockerfile {
  const before: Instruction[] = []
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = []
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === 'FROM') {
      const [image = '', , name] = instruction.rest.split(/\s+/)
      stages.push({ image, name, instructions: [] })
    } else (stages.at(-1)?.instructions ?? before).push(instruction)
  }
  return { before, stages }
}

function instructionsOf(text: string): readonly Instruction[] {
  const found: Instruction[] = []
  let whole = ''
  let begin = 0
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (whole === '') begin = index + 1
    whole += whole === '' ? line : ` ${line}`
    if (whole.endsWith('\\')) {
      whole = whole.slice(0, -1).trimEnd()
      continue
    }
    found.push(instructionOf(whole, begin))
    whole = ''
  }
  return found
}

function instructionOf(text: string, line: number): Instruction {
  const [name = '', ...words] = text.split(/\s+/)
  const flags: string[] = []
  while (words[0]?.startsWith('--')) flags.push((words.shift() ?? '').slice(2))
  return { line, name: name.toUpperCase(), flags, rest: words.join(' ') }
}

/** What is wrong with a Dockerfile by the house's rules, each with its line. Empty: nothing. */
export function problemsOf(text: string): readonly string[] {
  const file = readDockerfile(text)
  const last = file.stages.at(-1)
  if (!last) return ['there is no FROM']
  return [
    ...baseProblems(file),
    ...file.stages.flatMap(({ instructions }) => instructions.flatMap(instructionProblems)),
    ...secretProblems(text),
    ...copyProblems(file),
    ...lastStageProblems(last),
  ]
}

/** Every base is an ARG with a pinned default, or an earlier stage. */
function baseProblems({ before, stages }: Dockerfile): readonly string[] {
  const problems: string[] = []
  for (const arg of before) {
    const [, value = ''] = arg.rest.split('=')
    const isPinned = /^[a-z0-9./_-]+:\d+\.\d+\.\d+[a-z0-9.-]*(@sha256:[0-9a-f]{64})?$/.test(value)
    if (!isPinned) problems.push(`line ${arg.line}: ${value || arg.rest} is not pinned to a full version`)
  }
  const names = stages.flatMap(({ name }) => (name === undefined ? [] : [name]))
  const args = before.map(({ rest }) => `\${${rest.split('=')[0]}}`)
  for (const { image } of stages)
    if (!names.includes(image) && !args.includes(image)) problems.push(`FROM ${image} does not come from an ARG`)
  return problems
}

function instructionProblems({ line, name, flags, rest }: Instruction): readonly string[] {
  if (name === 'ADD') return [`line ${line}: ADD fetches and unpacks behind one's back; use COPY`]
  if (/:latest\b/.test([...flags, rest].join(' '))) return [`line ${line}: latest is no version`]
  if (name === 'RUN' && /\b(curl|wget)\b.*\|\s*(ba)?sh\b/.test(rest))
    return [`line ${line}: runs what it fetched unseen`]
  return []
}

/** Secrets come as mounts that are gone after the step; none is an ARG, an ENV, a copied file or a literal. */
function secretProblems(text: string): readonly string[] {
  const { before, stages } = readDockerfile(text)
  return [...before, ...stages.flatMap(({ instructions }) => instructions)].flatMap(({ line, name, rest }) => {
    if (['ARG', 'ENV'].includes(name) && /token|secret|passw|credential|api_?key|auth/i.test(rest))
      return [`line ${line}: ${name} keeps a secret in the image's history`]
    if (name === 'COPY' && /\.(pem|key|p12|pfx)\b|\.env\b|id_(rsa|ed25519)/.test(rest))
      return [`line ${line}: copies what looks like a secret`]
    return /-----BEGIN|_authToken=|AKIA[0-9A-Z]{16}/.test(rest) ? [`line ${line}: holds what looks like a secret`] : []
  })
}

/** The last stage takes finished output from earlier stages, never tools, sources or tests from anywhere. */
function copyProblems({ stages }: Dockerfile): readonly string[] {
  const earlier = stages.slice(0, -1).flatMap(({ name }) => (name === undefined ? [] : [name]))
  return stages.flatMap(({ instructions }, index) =>
    instructions
      .filter(({ name }) => name === 'COPY')
      .flatMap(({ line, flags, rest }) => {
        const from = flags.find((flag) => flag.startsWith('from='))?.slice('from='.length)
        if (from !== undefined && !earlier.includes(from)) return [`line ${line}: ${from} is no earlier stage`]
        if (index < stages.length - 1) return []
        const sources = rest.split(' ').slice(0, -1)
        const allowed = from === undefined ? ['LICENSE', 'rules', 'dashboards'] : buildOutput
        return sources
          .filter((source) => !allowed.includes(source))
          .map((source) => `line ${line}: ${source} has no place in what runs`)
      }),
  )
}

const buildOutput = ['/build/package.json', '/build/node_modules', '/build/dist']

function lastStageProblems({ instructions }: Stage): readonly string[] {
  const all = (name: string): readonly Instruction[] => instructions.filter((instruction) => instruction.name === name)
  const problems: string[] = []
  const user = all('USER').at(-1)
  if (!user || !/^[1-9]\d*:[1-9]\d*$/.test(user.rest)) problems.push('the last USER is not a number other than root')
  if (user && all('RUN').some(({ line }) => line > user.line)) problems.push('something is run after USER')
  if (all('VOLUME').length !== 1) problems.push(`there are ${all('VOLUME').length} VOLUMEs, not one`)
  if (all('HEALTHCHECK').length !== 1) problems.push('there is no HEALTHCHECK')
  for (const { line, rest } of all('HEALTHCHECK'))
    if (!isExecForm(rest.replace(/^CMD /, ''))) problems.push(`line ${line}: HEALTHCHECK goes through a shell`)
  for (const name of ['ENTRYPOINT', 'CMD', 'VOLUME']) {
    if (all(name).length !== 1) problems.push(`there is no one ${name}`)
    for (const { line, rest } of all(name))
      if (!isExecForm(rest)) problems.push(`line ${line}: ${name} is not a JSON array, so a shell would stand between`)
  }
  return problems
}

/** Whether it is a JSON array of strings: started as it is, without a shell that would swallow signals. */
function isExecForm(rest: string): boolean {
  try {
    const words: unknown = JSON.parse(rest)
    return Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string')
  } catch {
    return false
  }
}
