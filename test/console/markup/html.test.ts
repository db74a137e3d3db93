import { assert, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { html } from '../../../src/console/markup/html.ts'

describe('html', () => {
  test('escapes what comes from outside, in text and in attributes', () => {
    const evil = `"><script>alert('1')</script>&`
    expect(html`<a title="${evil}">${evil}</a>`.toString()).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;">&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;</a>',
    )
  })

  test('keeps its own markup, joins lists, leaves nothing for nothing', () => {
    const parts = ['<', html`<b></b>`, null, undefined, false, 0, [html`<i></i>`, '>']]
    expect(html`${parts}`.toString()).toBe('&lt;<b></b>0<i></i>&gt;')
  })

  test('an object that looks like markup is not markup', () => {
    const forged = JSON.parse('{"toString":"<b>"}') as string
    expect(() => html`${forged}`.toString()).toThrow()
  })

  test('no text at all can open a tag, close an attribute or turn the direction of writing', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        const written = html`${text}`.toString()
        expect(written).not.toMatch(/[<>"'\u202e\u2066\u0000-\u0008]/)
        expect(written.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&')
      }),
    )
  })

  test('characters that hide are shown as what they are', () => {
    expect(html`${'a\u202eb\u0007c'}`.toString()).toBe('a\\u202eb\\u0007c')
  })
})
