import { Buffer } from 'node:buffer'
import { createHash, hash } from 'node:crypto'
import type { RawRecord } from '../../contract/record.ts'
import { base32 } from '../../runtime/base32.ts'

const LENGTH = 26
const ROOM_AT_ONCE = 64 * 1024

/**
 * Event ids: the first 130 bits, in base32, of sha256(stream ‖ 0 ‖ offset as 8 bytes ‖ bytes). The same record read
 * again has the same id; the same bytes elsewhere have another. Of several events in one record each has sha256(that
 * digest ‖ number). Hashing raw bytes keeps numbers apart that JSON would round to one.
 */
export class EventIds {
  readonly #scratch = Buffer.allocUnsafeSlow(ROOM_AT_ONCE)
  #stream = ''
  #prefix = 0
  #digest: Buffer = Buffer.alloc(0)

  /** The id of the record's only event. */
  only(record: RawRecord): string {
    return base32(this.#digestOf(record), LENGTH)
  }

  /** The id of the `part`th of several events; call `several` with the record first. */
  part(part: number): string {
    return base32(hash('sha256', Buffer.concat([this.#digest, Buffer.from(String(part))]), 'buffer'), LENGTH)
  }

  several(record: RawRecord): void {
    this.#digest = this.#digestOf(record)
  }

  #digestOf(record: RawRecord): Buffer {
    const { stream, offset, bytes } = record
    if (stream.length * 3 + 9 + bytes.length > ROOM_AT_ONCE) return digestOfLarge(record)
    const scratch = this.#scratch
    // Records come stream by stream: its name is written once.
    if (stream !== this.#stream || this.#prefix === 0) {
      this.#prefix = scratch.write(stream, 'utf8')
      scratch[this.#prefix++] = 0
      this.#stream = stream
    }
    scratch.writeDoubleBE(offset, this.#prefix)
    scratch.set(bytes, this.#prefix + 8)
    return hash('sha256', scratch.subarray(0, this.#prefix + 8 + bytes.length), 'buffer')
  }
}

function digestOfLarge(record: RawRecord): Buffer {
  const offset = Buffer.alloc(8)
  offset.writeDoubleBE(record.offset)
  return createHash('sha256').update(record.stream).update('\0').update(offset).update(record.bytes).digest()
}
