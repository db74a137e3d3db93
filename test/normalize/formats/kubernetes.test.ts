import { describe, expect, test } from 'vitest'
import { formats } from '../../../src/normalize/index.ts'
import { eventOf, eventsOf, pseudonym } from '../support/read.ts'
import { sample } from '../support/samples.ts'

describe('Kubernetes audit', () => {
  test.each([
    ['system:serviceaccount:ci:deployer', 'service'],
    ['system:node:worker-1', 'service'],
    ['system:anonymous', 'user'],
    ['ann@example.com', 'user'],
  ] as const)('%s is a %s', (username, kind) => {
    expect(eventOf({ ...sample('kubernetes'), user: { username } }).principal).toBe(pseudonym(kind, username))
  })

  test('the webhook’s list is as many events', () => {
    const events = eventsOf(sample('kubernetes-event-list'))
    expect(events.map((event) => event.ecs['event.action'])).toEqual(['create serviceaccounts/token', 'list secrets'])
  })

  test('an account that a request is about is named by the pseudonym it acts under', () => {
    const [event] = eventsOf(sample('kubernetes-event-list'))
    expect(event?.ecs['user.target.name']).toBe(pseudonym('service', 'system:serviceaccount:ci:deployer'))
    expect(JSON.stringify(event?.ecs)).not.toContain('deployer')
    expect(event?.sealed.identity).toContain('objectRef.name')
    expect(eventOf(sample('kubernetes')).sealed.identity).not.toContain('objectRef.name')
  })

  test('a forbidden request is denied and failed', () => {
    const [, event] = eventsOf(sample('kubernetes-event-list'))
    expect(event?.ecs).toMatchObject({ 'event.type': ['access', 'denied'], 'event.outcome': 'failure' })
  })

  test('groups of people stay out of the view, built-in groups do not', () => {
    const [event] = eventsOf(sample('kubernetes-event-list'))
    expect(event?.ecs['user.roles']).toEqual(['system:masters'])
  })

  test('a role binding is identity management', () => {
    const objectRef = { resource: 'clusterrolebindings', apiGroup: 'rbac.authorization.k8s.io', name: 'b' }
    expect(eventOf({ ...sample('kubernetes'), verb: 'create', objectRef }).ecs).toMatchObject({
      'event.category': ['iam'],
      'event.type': ['admin', 'creation'],
    })
  })

  test('the query of an address, where exec writes its command, stays out of the view', () => {
    const requestURI = '/api/v1/namespaces/a/pods/p/exec?command=cat&command=%2Fetc%2Fshadow'
    const { ecs } = eventOf({ ...sample('kubernetes'), requestURI })
    expect(ecs['url.path']).toBe('/api/v1/namespaces/a/pods/p/exec')
    expect(JSON.stringify(ecs)).not.toContain('shadow')
  })

  test('the cluster’s own Event objects are not audit events', () => {
    const event = { kind: 'Event', apiVersion: 'v1', reason: 'Pulled', involvedObject: {}, verb: 'none' }
    expect(formats.filter((format) => format.recognises(event))).toEqual([])
  })
})
