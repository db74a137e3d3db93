import { errors } from '@elastic/elasticsearch'
import type { DiagnosticResult } from '@elastic/elasticsearch'
import { describe, expect, test } from 'vitest'
import { documentId } from '../../../src/deliver/elasticsearch/document-id.ts'
import { verdictOnError, verdictOnItem } from '../../../src/deliver/elasticsearch/verdict.ts'

describe('what an item of a bulk reply means', () => {
  test.each([
    [200, undefined, 'stored'],
    [201, undefined, 'stored'],
    [409, 'version_conflict_engine_exception', 'duplicate'],
    [409, undefined, 'duplicate'],
    [409, 'snapshot_in_progress_exception', 'retry'],
    [400, 'document_parsing_exception', 'park'],
    [400, 'strict_dynamic_mapping_exception', 'park'],
    [400, 'illegal_argument_exception', 'park'],
    [405, undefined, 'park'],
    [406, undefined, 'park'],
    [410, undefined, 'park'],
    [413, 'content_too_large', 'park'],
    [415, undefined, 'park'],
    [422, undefined, 'park'],
    [401, 'security_exception', 'retry, loud'],
    [403, 'security_exception', 'retry, loud'],
    [403, 'cluster_block_exception', 'retry, loud'],
    [404, 'index_not_found_exception', 'retry, loud'],
    [408, undefined, 'retry'],
    [429, 'es_rejected_execution_exception', 'retry'],
    [500, 'illegal_state_exception', 'retry'],
    [502, undefined, 'retry'],
    [503, 'unavailable_shards_exception', 'retry'],
    [504, undefined, 'retry'],
    [507, undefined, 'retry'],
    [0, undefined, 'retry'],
    [100, undefined, 'retry'],
    [302, undefined, 'retry'],
    [Number.NaN, undefined, 'retry'],
  ])('%i %s: %s', (status, type, expected) => {
    const verdict = verdictOnItem({ status, ...(type === undefined ? {} : { error: { type, reason: 'why' } }) })
    expect(verdict.kind === 'retry' && verdict.loud ? 'retry, loud' : verdict.kind).toBe(expected)
  })

  test('no item: retry', () => {
    expect(verdictOnItem(undefined).kind).toBe('retry')
  })

  test('a reason names status and type, and is short', () => {
    const verdict = verdictOnItem({
      status: 400,
      error: { type: 'document_parsing_exception', reason: 'x'.repeat(10_000) },
    })
    expect(verdict).toMatchObject({ kind: 'park' })
    if (verdict.kind !== 'park') return
    expect(verdict.reason).toMatch(/^item status 400: document_parsing_exception: x+…$/)
    expect(verdict.reason).toHaveLength(300)
  })
})

describe('what a failed request means', () => {
  test.each([
    [413, 'split'],
    [400, 'split'],
    [401, 'retry, loud'],
    [403, 'retry, loud'],
    [404, 'retry, loud'],
    [405, 'retry, loud'],
    [408, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
  ])('%i: %s', (statusCode, expected) => {
    const verdict = verdictOnError(new errors.ResponseError(result(statusCode)), 0)
    expect(verdict.kind === 'retry' && verdict.loud ? 'retry, loud' : verdict.kind).toBe(expected)
  })

  test('a pause that is asked for is granted', () => {
    const error = new errors.ResponseError(result(429, { 'retry-after': '3' }))
    expect(verdictOnError(error, 0)).toMatchObject({ kind: 'retry', afterMs: 3000 })
  })

  test('a cluster of version 8 that refuses the media type is told apart', () => {
    const body = {
      error: { type: 'media_type_header_exception', reason: 'Accept version must be 8 or 7' },
      status: 400,
    }
    const error = new errors.ResponseError(result(400, {}, body))
    expect(verdictOnError(error, 0)).toMatchObject({ kind: 'retry', loud: true })
    expect(JSON.stringify(verdictOnError(error, 0))).toContain('compatibility: 8')
  })

  test.each([
    new errors.ConnectionError('socket hang up'),
    new errors.TimeoutError('Request timed out'),
    new errors.DeserializationError('Unexpected end of JSON input', '{'),
    new errors.NoLivingConnectionsError('none', result(0)),
    new errors.RequestAbortedError('aborted'),
    new Error('anything else'),
  ])('%s: retry', (error) => {
    expect(verdictOnError(error, 0)).toMatchObject({ kind: 'retry' })
    expect(verdictOnError(error, 0)).not.toHaveProperty('loud')
  })
})

describe('the id of a document', () => {
  const alert = { id: 'a', state: 'firing', startedAt: Date.UTC(2026, 0, 5) } as const
  test('is the same for the same alert and state, and another for another', () => {
    expect(documentId(alert)).toBe(documentId({ ...alert }))
    expect(documentId({ ...alert, state: 'resolved' })).not.toBe(documentId(alert))
    expect(documentId({ ...alert, id: 'b' })).not.toBe(documentId(alert))
  })

  test('sorts by the time of the alert', () => {
    const times = [0, 1, 35, 36, 1e9, Date.UTC(1999, 0), Date.UTC(2026, 0), Date.UTC(2100, 0)]
    const ids = times.map((startedAt) => documentId({ ...alert, startedAt }))
    expect(ids.toSorted()).toEqual(ids)
    for (const id of ids) expect(id).toMatch(/^[0-9a-z]{9}-[0-9a-f]{32}$/)
  })
})

function result(statusCode: number, headers: Record<string, string> = {}, body: unknown = {}): DiagnosticResult {
  const partial: Partial<DiagnosticResult> = { statusCode, headers, body, warnings: null }
  return partial as DiagnosticResult
}
