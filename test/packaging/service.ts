import { execFileSync } from 'node:child_process'

/** The settings of a systemd unit, by `Section.Key`; a key that is set again adds, an empty value empties. */
export function readUnit(text: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, readonly string[]>()
  let section = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue
    const header = /^\[(.+)\]$/.exec(line)?.[1]
    if (header !== undefined) {
      section = header
      continue
    }
    const at = line.indexOf('=')
    if (at < 1) throw new Error(`"${line}" is no setting`)
    const key = `${section}.${line.slice(0, at)}`
    const value = line.slice(at + 1)
    settings.set(key, value === '' ? [] : [...(settings.get(key) ?? []), value])
  }
  return settings
}

/** Names of the system calls that systemd's sets (`@system-service`) stand for here. */
export function systemCalls(...names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    const text = execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8', stdio: 'pipe' })
    for (const line of text
      .split('\n')
      .slice(1)
      .map((each) => each.trim())) {
      if (line.startsWith('@')) visit(line)
      else if (line !== '' && !line.startsWith('#')) found.add(line)
    }
  }
  for (const name of names) visit(name)
  return found
}
