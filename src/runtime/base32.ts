const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** The first `length` characters of RFC 4648 base32, in lower case and without padding: 5 bits each. */
export function base32(bytes: Uint8Array, length: number): string {
  let text = ''
  let bits = 0
  let held = 0
  for (let at = 0; text.length < length && at < bytes.length; at++) {
    held = ((held << 8) | (bytes[at] ?? 0)) & 0xffff
    bits += 8
    while (bits >= 5 && text.length < length) {
      bits -= 5
      text += ALPHABET[(held >>> bits) & 31]
    }
  }
  if (bits > 0 && text.length < length) text += ALPHABET[(held << (5 - bits)) & 31]
  return text
}
