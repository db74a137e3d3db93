/** ECS `event.type` for what an operation's name says it does. */
export type VerbType = 'access' | 'change' | 'creation' | 'deletion' | 'info' | 'start' | 'end'

const BY_VERB = new Map<string, VerbType>(
  (
    [
      ['creation', 'Create Run Import Register Upload Allocate Generate Request Purchase Issue Copy Restore'],
      ['deletion', 'Delete Terminate Remove Deregister Release Revoke Purge Cancel Destroy Schedule'],
      ['info', 'Describe List Search Lookup Check Batch Head Query Preview Simulate Validate Verify Test Count'],
      ['access', 'Get Invoke Converse Decrypt Encrypt Assume Read Download Select Retrieve Use Sign'],
      ['start', 'Start Begin'],
      ['end', 'Stop End'],
      [
        'change',
        'Update Put Modify Set Attach Detach Enable Disable Add Change Associate Disassociate Tag Untag Rotate Reset ' +
          'Authorize Replace Rename Edit Apply Resync Write Deactivate Activate Upgrade',
      ],
    ] as const
  ).flatMap(([type, verbs]) => verbs.split(' ').map((verb) => [verb, type] as const)),
)

/** By the first word of a CamelCase name: `DeleteTrail` is a deletion. Undefined when the word says nothing. */
export function verbTypeOf(name: string): VerbType | undefined {
  let end = 1
  while (end < name.length && !isUpper(name.charCodeAt(end))) end++
  return BY_VERB.get(name.slice(0, end))
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a
}
