import type { Changes } from '../../contract/store.ts'

/** What the room needs of the store. `commit` is done once the changes are on disk; when it throws, none of them is. */
export interface Memory {
  commit(changes: Pick<Changes, 'documents' | 'audit'>): Promise<void> | void
  documents<T>(kind: string): readonly { readonly key: string; readonly value: T }[]
}
