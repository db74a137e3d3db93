/** Writes ASCII text of at most `room` characters, filled up with zeros. Anything else is left out: then it reads back as ''. */
export function writeShortText(bytes: Uint8Array, at: number, room: number, text: string): void {
  bytes.fill(0, at, at + room)
  if (text.length > room) return
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0 || code > 127) {
      bytes.fill(0, at, at + room)
      return
    }
    bytes[at + i] = code
  }
}

export function readShortText(bytes: Uint8Array, at: number, room: number): string {
  let text = ''
  for (let i = 0; i < room; i++) {
    const code = bytes[at + i] ?? 0
    if (code === 0) break
    text += String.fromCharCode(code)
  }
  return text
}
