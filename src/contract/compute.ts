/** Rows one after another: `rows` × `columns` numbers. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** `rows * columns` values, finite; a device may read them later, so they must not change until the call is done. */
  readonly values: Float32Array
}

/** References that stay on the device between calls: rows to compare with, or features to look at in columns. */
export interface Held extends AsyncDisposable {
  readonly rows: number
  readonly columns: number
}

/** For each query its nearest references, nearest first: `rows` × `k`. */
export interface Neighbours {
  readonly k: number
  /** Euclidean distance (not squared); exact copies give exactly 0. */
  readonly distances: Float32Array
  /** Row of the reference; of equal distances the lower row. */
  readonly indices: Int32Array
}

/**
 * Random Fourier features in whole 127ths, rows one after another: `rows` × `columns` numbers in -127…127. Whole numbers
 * so that sums over many rows are exact in any order.
 */
export interface Features {
  readonly rows: number
  readonly columns: number
  readonly values: Int8Array
}

/**
 * Random Fourier features by structured orthogonal projections (Yu et al. 2016, "Orthogonal Random Features",
 * arXiv 1610.09072): `columns` inputs, filled up to a power of two `width`, times blocks of three rounds of random signs
 * and Walsh-Hadamard. Feature j of a row x is cos(w_j·x + b_j), without the usual factor sqrt(2/features), in
 * 127ths and rounded to the nearest whole number, halves up: floor(127 cos(…) + 1/2) of the cosine in float32.
 */
export interface FourierPlan {
  readonly columns: number
  /** A multiple of `width`; blocks take the bandwidths in turn. */
  readonly features: number
  /** Standard deviations of the Gaussian kernels whose mean is approximated, in the input's unit; at least 2^-32. */
  readonly bandwidths: readonly number[]
  /** Equal seeds give equal signs and phases on every device. */
  readonly seed: number
}

/** Two samples in one matrix: the first `first` rows against the rest. */
export interface PermutationTest {
  readonly pooled: Matrix
  readonly first: number
  readonly permutations: number
  readonly bandwidths: readonly number[]
  readonly seed: number
}

export interface PermutationResult {
  /** Unbiased squared maximum mean discrepancy (Gretton et al. 2012, JMLR 13, eq. 3) under the mean of Gaussian kernels. */
  readonly statistic: number
  /** The same under each relabelling. */
  readonly permuted: Float64Array
  /** (1 + how many of `permuted` are at least `statistic`) / (1 + permutations). */
  readonly p: number
}

/** One value for each column. */
export interface ColumnDistances {
  /** Two-sample Kolmogorov-Smirnov distance, ties exact, in [0, 1]. */
  readonly ks: Float64Array
  /** Population stability index over the deciles of the reference, shares floored at 1e-4. */
  readonly psi: Float64Array
}

/** Dense layers; `weights` is outputs × inputs. */
export interface Layer {
  readonly inputs: number
  readonly outputs: number
  readonly weights: Float32Array
  readonly bias: Float32Array
  readonly activation: 'relu' | 'linear'
}

/** How a network learns. Every device sees the rows in the same order, which `seed` gives. */
export interface TrainPlan {
  /** How often each row is looked at, in 1..10,000. */
  readonly epochs: number
  /** Rows of a step, in 1..4,096; the last step of an epoch takes what is left. */
  readonly batch: number
  /** About how far a weight moves in a step: above 0, at most 1. */
  readonly rate: number
  readonly seed: number
}

export interface Moments {
  readonly mean: Float64Array
  /** `columns` × `columns`, unbiased (n - 1). */
  readonly covariance: Float64Array
}

/**
 * The few computations that detectors want fast, the same on every device within the tolerance that docs/compute.md
 * states. Every result is a function of its row (or column) alone, however many rows came along: cutting a batch changes
 * nothing. Errors: RangeError for shapes that do not fit; DeviceLostError when the device is gone, never a wrong number.
 */
export interface Kernels extends AsyncDisposable {
  readonly device: string
  hold(references: Matrix): Promise<Held>
  /** The k nearest of the held rows; k is in 1..64 and at most their number. `minL2` is k = 1. */
  topK(queries: Matrix, references: Held, k: number): Promise<Neighbours>
  /**
   * `into`, if given, takes the features and is the result's `values`: `rows` × `features` numbers, not to be used
   * meanwhile. Inputs are below 2^64 in size, so that no projection leaves single precision.
   */
  rff(inputs: Matrix, plan: FourierPlan, into?: Int8Array): Promise<Features>
  mmdPermute(test: PermutationTest): Promise<PermutationResult>
  /** Column by column, current against held. */
  ksPsi(reference: Held, current: Matrix): Promise<ColumnDistances>
  /** Squared error between each row and what the network makes of it, summed over its columns: the last layer gives `columns` outputs. */
  mlpScore(inputs: Matrix, layers: readonly Layer[]): Promise<Float32Array>
  /**
   * New layers, shaped like `start`, that copy `samples` better: what `mlpScore` gives is brought down by Adam (Kingma and Ba
   * 2015, arXiv 1412.6980, in the order of operations at the end of its section 2) on the mean over each batch, with the
   * authors' 0.9, 0.999 and 1e-8. The layers fit together as for `mlpScore`; `start` is left as it is. Same seed, device
   * and machine: the same bits. Between devices the rounding of single precision grows with every step, so they agree in
   * what is reached and not in bits: after an epoch in the error that is left and in each weight, after many in the error
   * alone (docs/compute.md has the tolerance). RangeError also for numbers that leave single precision.
   */
  mlpTrain(samples: Matrix, start: readonly Layer[], plan: TrainPlan): Promise<readonly Layer[]>
  moments(inputs: Matrix): Promise<Moments>
}

/** What `modelward devices` says of one device. */
export interface DeviceReport {
  readonly device: string
  readonly usable: boolean
  /** The adapter, the thread count, the library's version. */
  readonly what: string
  /** Why it cannot be used and what would help, when it cannot. */
  readonly reason?: string
  /** Largest relative difference from `ref` in the self-test, by kernel. */
  readonly differences?: Readonly<Record<string, number>>
  /** Millions of distances a second (256 queries, 4,096 references, 768 columns). */
  readonly speed?: number
}
