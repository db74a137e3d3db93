import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Labels, Metrics } from '../contract/plugin.ts'

/** One daemon's metrics. Asking twice for a name gives the same metric. `text` is the Prometheus exposition. */
export class MetricRegistry implements Metrics {
  readonly #registry = new Registry()
  readonly #refreshers: (() => void)[] = []

  counter(name: string, help: string, labels: readonly string[] = []): { add(value: number, labels?: Labels): void } {
    const metric =
      this.#find(name, Counter) ?? new Counter({ name, help, labelNames: [...labels], registers: [this.#registry] })
    return { add: (value, values) => metric.inc(values ?? {}, value) }
  }

  gauge(name: string, help: string, labels: readonly string[] = []): { set(value: number, labels?: Labels): void } {
    const metric =
      this.#find(name, Gauge) ?? new Gauge({ name, help, labelNames: [...labels], registers: [this.#registry] })
    return { set: (value, values) => metric.set(values ?? {}, value) }
  }

  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labels: readonly string[] = [],
  ): { observe(value: number, labels?: Labels): void } {
    const metric =
      this.#find(name, Histogram) ??
      new Histogram({ name, help, buckets: [...buckets], labelNames: [...labels], registers: [this.#registry] })
    return { observe: (value, values) => metric.observe(values ?? {}, value) }
  }

  /** Called before each reading: for gauges that are looked up, not kept. */
  refresh(refresher: () => void): void {
    this.#refreshers.push(refresher)
  }

  async text(): Promise<string> {
    for (const refresher of this.#refreshers) refresher()
    return this.#registry.metrics()
  }

  /** The current values of one metric, for tests and the console. */
  async values(name: string): Promise<readonly { readonly value: number; readonly labels: Labels }[]> {
    for (const refresher of this.#refreshers) refresher()
    const metric = await this.#registry.getSingleMetric(name)?.get()
    return (metric?.values ?? []).map(({ value, labels }) => ({ value, labels: labels as Labels }))
  }

  #find<T>(name: string, kind: abstract new (...args: never[]) => T): T | undefined {
    const found = this.#registry.getSingleMetric(name)
    return found instanceof kind ? found : undefined
  }
}
