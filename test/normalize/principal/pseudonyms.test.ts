import { createHmac, hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Pseudonyms, apiKeyIdentity } from '../../../src/normalize/principal/pseudonyms.ts'

const KEY = Buffer.alloc(32, 7)

describe('pseudonyms', () => {
  test('are the kind and 22 characters of the keyed hash', () => {
    const mac = createHmac('sha256', KEY).update('user\0ann@example.com').digest('base64url')
    expect(new Pseudonyms(KEY).of('user', 'ann@example.com')).toBe(`user:${mac.slice(0, 22)}`)
  })

  test('are the same for the same key, kind and identity, cached or not', () => {
    const pseudonyms = new Pseudonyms(KEY)
    const first = pseudonyms.of('user', 'ann')
    expect(pseudonyms.of('user', 'ann')).toBe(first)
    expect(new Pseudonyms(Buffer.from(KEY)).of('user', 'ann')).toBe(first)
  })

  test('differ by key, by kind and by identity', () => {
    const other = new Pseudonyms(Buffer.alloc(32, 8))
    const pseudonyms = new Pseudonyms(KEY)
    const all = [
      pseudonyms.of('user', 'ann'),
      pseudonyms.of('service', 'ann').replace('service', 'user'),
      pseudonyms.of('user', 'bob'),
      other.of('user', 'ann'),
    ]
    expect(new Set(all).size).toBe(4)
  })

  test('are revealed only where they are remembered', () => {
    const forgetful = new Pseudonyms(KEY)
    const remembering = new Pseudonyms(KEY, { remember: true })
    const pseudonym = forgetful.of('user', 'ann')
    expect(forgetful.reveal(pseudonym)).toBeUndefined()
    expect(remembering.reveal(pseudonym)).toBeUndefined()
    remembering.of('user', 'ann')
    expect(remembering.reveal(pseudonym)).toBe('ann')
    expect(remembering.reveal('user:nobody')).toBeUndefined()
  })

  test('are forgotten oldest first once more than the cache holds were seen, and stay right', () => {
    const pseudonyms = new Pseudonyms(KEY, { remember: true, cacheSize: 100 })
    const first = pseudonyms.of('user', 'user-0')
    const names = Array.from({ length: 1_000 }, (_, index) => `user-${index}`)
    const all = names.map((name) => pseudonyms.of('user', name))
    const held = all.filter((pseudonym) => pseudonyms.reveal(pseudonym) !== undefined)
    expect(held.length).toBeGreaterThan(0)
    expect(held.length).toBeLessThanOrEqual(100)
    expect(pseudonyms.reveal(first)).toBeUndefined()
    expect(pseudonyms.of('user', 'user-0')).toBe(first)
  })

  test('of who is seen all the time can be revealed however many others pass', () => {
    const pseudonyms = new Pseudonyms(KEY, { remember: true, cacheSize: 100 })
    for (let index = 0; index < 1_000; index++) {
      pseudonyms.of('user', 'regular')
      pseudonyms.of('user', `visitor-${index}`)
    }
    expect(pseudonyms.reveal(pseudonyms.of('user', 'regular'))).toBe('regular')
  })

  test('need a key that is worth its name', () => {
    expect(() => new Pseudonyms(new Uint8Array(15))).toThrow('at least 16 bytes')
  })

  test('hash a text to 16 hex digits that depend on the key', () => {
    const hashed = new Pseudonyms(KEY).textHash('What is the capital of France?')
    expect(hashed).toMatch(/^[0-9a-f]{16}$/)
    expect(new Pseudonyms(KEY).textHash('What is the capital of France?')).toBe(hashed)
    expect(new Pseudonyms(Buffer.alloc(32, 8)).textHash('What is the capital of France?')).not.toBe(hashed)
  })
})

describe('the identity of an API key', () => {
  const raw = 'sk-proj-abcdefghijklmnop'
  const sha = hash('sha256', raw)

  test('is the SHA-256 of the raw key', () => {
    expect(apiKeyIdentity(raw)).toBe(sha)
  })

  test('is the hash where telemetry brings one, in either case', () => {
    expect(apiKeyIdentity(sha)).toBe(sha)
    expect(apiKeyIdentity(sha.toUpperCase())).toBe(sha)
  })

  test('does not depend on how the key is presented', () => {
    expect(apiKeyIdentity(`Bearer ${raw}`)).toBe(sha)
    expect(apiKeyIdentity(`bearer  ${raw} `)).toBe(sha)
    expect(apiKeyIdentity(`Bearer ${sha}`)).toBe(sha)
  })
})
