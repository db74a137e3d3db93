export type { CollectorContext } from './context/collector-context.ts'
