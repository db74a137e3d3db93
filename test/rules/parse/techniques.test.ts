import { expect, test } from 'vitest'
import { techniquesOf } from '../../../src/rules/parse/techniques.ts'

test('techniques are named, subtechniques after their technique', () => {
  expect(
    techniquesOf(['attack.t1528', 'attack.T1098.001', 'atlas.aml.t0024.002', 'attack.impact', 'cve.2024-1']),
  ).toEqual({
    atlas: [{ id: 'AML.T0024.002', name: 'Exfiltration via AI Inference API: Extract AI Model' }],
    attack: [
      { id: 'T1528', name: 'Steal Application Access Token' },
      { id: 'T1098.001', name: 'Account Manipulation: Additional Cloud Credentials' },
    ],
  })
})

test('an id that is none has no name, and a subtechnique that we have no name for has its technique’s', () => {
  expect(techniquesOf(['attack.t9999', 'attack.t1078.099', 'atlas.aml.t0999', 'attack.t1685.004']).attack).toEqual([
    { id: 'T9999' },
    { id: 'T1078.099' },
    { id: 'T1685.004', name: 'Disable or Modify Tools' },
  ])
})
