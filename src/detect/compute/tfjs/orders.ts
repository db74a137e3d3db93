import type {
  ColumnDistances,
  Features,
  FourierPlan,
  Layer,
  Matrix,
  Moments,
  Neighbours,
  PermutationResult,
  PermutationTest,
  TrainPlan,
} from '../../../contract/compute.ts'

/** What the thread is asked; references are named by number. */
export type Order =
  | { readonly does: 'hold'; readonly held: number; readonly references: Matrix }
  | { readonly does: 'release'; readonly held: number }
  | { readonly does: 'topK'; readonly queries: Matrix; readonly held: number; readonly k: number }
  | { readonly does: 'rff'; readonly inputs: Matrix; readonly plan: FourierPlan }
  | { readonly does: 'mmdPermute'; readonly test: PermutationTest }
  | { readonly does: 'ksPsi'; readonly held: number; readonly current: Matrix }
  | { readonly does: 'mlpScore'; readonly inputs: Matrix; readonly layers: readonly Layer[] }
  | {
      readonly does: 'mlpTrain'
      readonly samples: Matrix
      readonly start: readonly Layer[]
      readonly plan: TrainPlan
    }
  | { readonly does: 'moments'; readonly inputs: Matrix }

export type Result =
  | Neighbours
  | Features
  | PermutationResult
  | ColumnDistances
  | Float32Array
  | readonly Layer[]
  | Moments
  | undefined

export interface Question {
  readonly id: number
  readonly order: Order
}

export type Answer =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failure: string; readonly range: boolean }

/** The thread's first word. */
export type Greeting = { readonly version: string; readonly gpu: boolean } | { readonly refused: string }

export interface ThreadOptions {
  readonly folder: string | undefined
}
