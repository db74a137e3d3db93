/** A path in a pack has at most this many bytes. */
export const PATH_BYTES = 512

/** Whether a path stays within its pack: relative, `/` between plain names, no `..`, no backslash, no control character. */
export function isSafePath(path: string): boolean {
  if (path === '' || Buffer.byteLength(path) > PATH_BYTES || /[\\\u0000-\u001f\u007f]/.test(path)) return false
  return path.split('/').every((name) => name !== '' && name !== '.' && name !== '..')
}

/** Whether a file of a pack is a rule file: YAML, under no hidden name and in no folder of playbooks. */
export function isRulePath(path: string): boolean {
  if (!/\.ya?ml$/.test(path)) return false
  return path.split('/').every((name) => !name.startsWith('.') && name !== 'playbooks')
}

/** Whether a name is an archive's. */
export function isArchiveName(path: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/.test(path)
}
