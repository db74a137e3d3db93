export const NEWLINE = 0x0a
export const OPEN_OBJECT = 0x7b
export const OPEN_ARRAY = 0x5b
export const CLOSE_OBJECT = 0x7d
export const CLOSE_ARRAY = 0x5d
export const COMMA = 0x2c

/** White space, and what else may stand between records: NUL (holes left by copytruncate) and RS (RFC 7464). */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x00 || byte === 0x1e
}

/** The index behind the last byte of `bytes[from…end)` that is not blank. */
export function trimmedEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = end
  while (at > from && isBlank(bytes[at - 1])) at--
  return at
}
