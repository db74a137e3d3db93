import type { Problem } from '../runtime/errors.ts'
import { actions } from './index.ts'
import { digestOf } from './playbook/canonical.ts'
import { PlaybookFile, readPlaybookFiles } from './playbook/playbook-file.ts'
import { PlaybookShape, type Playbook } from './playbook/playbook.ts'

/** Reads the playbooks of folders (or single files), a playbook a file. A wrong one costs itself and is named. */
export function loadPlaybooks(folders: readonly string[]): {
  readonly playbooks: readonly Playbook[]
  readonly problems: readonly Problem[]
} {
  const { files, problems: unreadable } = readPlaybookFiles(folders)
  const playbooks = new Map<string, Playbook>()
  const problems = [...unreadable]
  for (const { path, text } of files) {
    const read = readPlaybook(path, text)
    const twin = 'playbook' in read ? playbooks.get(read.playbook.id) : undefined
    if ('problems' in read) problems.push(...read.problems)
    else if (twin) problems.push(read.file.problem(['id'], `${twin.file} has the same id`, 'Choose another id'))
    else playbooks.set(read.playbook.id, read.playbook)
  }
  return { playbooks: [...playbooks.values()], problems }
}

type Read = { readonly playbook: Playbook; readonly file: PlaybookFile } | { readonly problems: readonly Problem[] }

function readPlaybook(path: string, text: string): Read {
  const file = PlaybookFile.parse(path, text)
  if (!(file instanceof PlaybookFile)) return { problems: [file] }
  const parsed = PlaybookShape.safeParse(file.value)
  if (!parsed.success) return { problems: file.problems(parsed.error) }
  const checked = parsed.data.steps.map((step, index) => readStep(file, step, index))
  const steps = checked.flatMap((step) => ('with' in step ? [step] : []))
  const problems = [
    ...checked.flatMap((step) => ('problems' in step ? step.problems : [])),
    ...repeatedSteps(file, steps),
  ]
  if (problems.length > 0) return { problems }
  const { title, description, ...meaning } = { ...parsed.data, steps }
  return { file, playbook: { ...meaning, title, description, file: path, digest: digestOf(meaning) } }
}

type Step = Playbook['steps'][number]

function readStep(file: PlaybookFile, step: Step, index: number): Step | { readonly problems: readonly Problem[] } {
  const plugin = actions.find(({ kind }) => kind === step.action)
  if (!plugin) {
    const cure = `Use one of: ${actions.map(({ kind }) => kind).join(', ')}`
    return { problems: [file.problem(['steps', index, 'action'], `"${step.action}" is no action`, cure)] }
  }
  const parsed = plugin.parameters.safeParse(step.with)
  if (!parsed.success) return { problems: file.problems(parsed.error, ['steps', index, 'with']) }
  return { action: step.action, with: { ...parsed.data } }
}

/** The same action with the same parameters twice would be one claim. */
function repeatedSteps(file: PlaybookFile, steps: readonly Step[]): readonly Problem[] {
  const digests = steps.map((step) => digestOf(step))
  return digests.flatMap((digest, index) =>
    digests.indexOf(digest) < index
      ? [file.problem(['steps', index], `step ${index + 1} is the same as an earlier one`, 'Remove one of them')]
      : [],
  )
}
