import type { FieldMapping } from '../../normalize/mapping.ts'
import { formats } from '../../normalize/index.ts'
import type { Problem } from '../../runtime/errors.ts'
import type { ConfigDocument } from './document.ts'

/** Every format that a source, or `--format`, may name. */
export function formatNames(
  mappings: readonly Pick<FieldMapping, 'name'>[],
  disabled: readonly string[],
): readonly string[] {
  return [...formats, ...mappings].map(({ name }) => name).filter((name) => !disabled.includes(name))
}

/** Sources that name a format which there is not: each of their records would be put aside. */
export function formatProblems(
  document: ConfigDocument,
  sources: readonly Readonly<Record<string, unknown>>[],
  names: readonly string[],
): readonly Problem[] {
  return sources.flatMap(({ format }, index) =>
    typeof format !== 'string' || names.includes(format)
      ? []
      : [
          document.problem(
            ['collect', index, 'format'],
            `"${format}" is no format`,
            `Use one of: ${names.join(', ')}; or describe it under normalize.mappings`,
          ),
        ],
  )
}
