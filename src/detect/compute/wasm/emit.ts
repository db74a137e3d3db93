/**
 * A small assembler for WebAssembly modules (Instance Specification 3.0, sections 5.3-5.5): code is a list of bytes, each
 * instruction a function from the code of its operands to the code that leaves its result on the stack.
 */
export type Code = readonly number[]
export type Type = keyof typeof TYPES

/** A local variable or parameter of a function under construction. */
export interface Local {
  readonly index: number
}

export interface Function {
  readonly name: string
  readonly parameters: readonly Type[]
  readonly locals: readonly Type[]
  readonly body: Code
}

/** What a module takes from outside besides its memory: functions without results. */
export interface Import {
  readonly name: string
  readonly parameters: readonly Type[]
}

const TYPES = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
const EMPTY = 0x40

/** So many locals, each by its place where the number is known. */
export type Several<Count extends number> = Count extends number ? Counted<Count> : never
type Counted<Count extends number, Made extends readonly Local[] = []> = number extends Count
  ? readonly Local[]
  : Made['length'] extends Count
    ? Made
    : Counted<Count, readonly [...Made, Local]>

/** The locals of one function; parameters first. */
export class Locals {
  readonly parameters: readonly Type[]
  readonly declared: Type[] = []

  constructor(...parameters: readonly Type[]) {
    this.parameters = parameters
  }

  /** So many parameters, from one of them on. */
  given<const Count extends number>(count: Count, from = 0): Several<Count> {
    return numbered(count, from)
  }

  add(type: Type): Local {
    this.declared.push(type)
    return { index: this.parameters.length + this.declared.length - 1 }
  }

  several<const Count extends number>(type: Type, count: Count): Several<Count> {
    const from = this.parameters.length + this.declared.length
    for (let i = 0; i < count; i++) this.declared.push(type)
    return numbered(count, from)
  }

  function(name: string, body: Code): Function {
    return { name, parameters: this.parameters, locals: this.declared, body }
  }
}

function numbered<Count extends number>(count: Count, from: number): Several<Count> {
  return Array.from({ length: count }, (_, i): Local => ({ index: from + i })) as readonly Local[] as Several<Count>
}

export function at(locals: readonly Local[], index: number): Local {
  const found = locals[index]
  if (!found) throw new RangeError(`there is no local ${index} of ${locals.length}`)
  return found
}

export function get(local: Local): Code {
  return [0x20, ...unsigned(local.index)]
}

export function set(local: Local, value: Code): Code {
  return [...value, 0x21, ...unsigned(local.index)]
}

/** Adds to a 32-bit integer variable. */
export function step(local: Local, by: number): Code {
  return set(local, i32.add(get(local), i32.const(by)))
}

/** Body first, then again while the condition holds. */
export function repeatWhile(condition: Code, ...body: readonly Code[]): Code {
  return [0x03, EMPTY, ...body.flat(), ...condition, 0x0d, 0x00, 0x0b]
}

export function when(condition: Code, ...body: readonly Code[]): Code {
  return [...condition, 0x04, EMPTY, ...body.flat(), 0x0b]
}

/** Imported functions come first in the numbering. */
export function call(index: number, ...values: readonly Code[]): Code {
  return [...values.flat(), 0x10, ...unsigned(index)]
}

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: (address: Code, offset = 0): Code => [...address, 0x28, 2, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x36, 2, ...unsigned(offset)],
  equal: two(0x46),
  less: two(0x49),
  greater: two(0x4b),
  add: two(0x6a),
  sub: two(0x6b),
  mul: two(0x6c),
  or: two(0x72),
  shl: two(0x74),
  shr: two(0x76),
} as const

export const f32 = {
  load: (address: Code, offset = 0): Code => [...address, 0x2a, 2, ...unsigned(offset)],
  equal: two(0x5b),
  less: two(0x5d),
} as const

export const v128 = {
  load: (address: Code, offset = 0): Code => [...address, ...simd(0), 4, ...unsigned(offset)],
  loadSplat: (address: Code, offset = 0): Code => [...address, ...simd(9), 2, ...unsigned(offset)],
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, ...simd(11), 4, ...unsigned(offset)],
  /** Four float32 from two vectors: lanes 0-3 of the first, 4-7 of the second. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [
    ...a,
    ...b,
    ...simd(13),
    ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
  ],
  and: two(...simd(78)),
  xor: two(...simd(81)),
  /** One of the four 32-bit lanes to an address of any kind. */
  storeLane: (address: Code, value: Code, lane: number): Code => [...address, ...value, ...simd(90), 0, 0, lane],
} as const

export const f32x4 = {
  const: (value: number): Code => {
    const bytes = new Uint8Array(Float32Array.of(value, value, value, value).buffer)
    return [...simd(12), ...bytes]
  },
  greater: two(...simd(0x44)),
  nearest: one(...simd(0x6a)),
  abs: one(...simd(0xe0)),
  sqrt: one(...simd(0xe3)),
  add: two(...simd(0xe4)),
  sub: two(...simd(0xe5)),
  mul: two(...simd(0xe6)),
  div: two(...simd(0xe7)),
  max: two(...simd(0xe9)),
  /** a · b + c, rounded once where the machine can: relaxed SIMD. */
  fusedMultiplyAdd: (a: Code, b: Code, c: Code): Code => [...a, ...b, ...c, ...simd(0x105)],
} as const

export const f64x2 = {
  const: (value: number): Code => [...simd(12), ...new Uint8Array(Float64Array.of(value, value).buffer)],
  /** The lower two float32 lanes, widened. */
  promoteLow: one(...simd(0x5f)),
  add: two(...simd(0xf0)),
  mul: two(...simd(0xf2)),
} as const

export const i32x4 = {
  const: (value: number): Code => [...simd(12), ...new Uint8Array(Int32Array.of(value, value, value, value).buffer)],
  allTrue: one(...simd(0xa3)),
  /** The sign bits of the four lanes. */
  bitmask: one(...simd(0xa4)),
  shl: two(...simd(0xab)),
  add: two(...simd(0xae)),
  sub: two(...simd(0xb1)),
} as const

/** A module that imports `env.memory`, shared, and `imports`, and exports every function under its name. */
export function assemble(
  imports: readonly Import[],
  functions: readonly Function[],
  maximumPages: number,
): Uint8Array<ArrayBuffer> {
  const all = [...imports, ...functions]
  const types = all.map(({ parameters }) => [0x60, ...vector(parameters.map((type) => [TYPES[type]])), 0])
  const memory = [...text('env'), ...text('memory'), 0x02, 0x03, ...unsigned(1), ...unsigned(maximumPages)]
  const imported = imports.map(({ name }, index) => [...text('env'), ...text(name), 0x00, ...unsigned(index)])
  const exported = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(imports.length + index)])
  const sections = [
    section(1, vector(types)),
    section(2, vector([...imported, memory])),
    section(3, vector(functions.map((_, index) => unsigned(imports.length + index)))),
    section(7, vector(exported)),
    section(10, vector(functions.map(bodyOf))),
  ]
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...sections.flat()])
}

function bodyOf({ locals, body }: Function): Code {
  const declared = vector(locals.map((type) => [1, TYPES[type]]))
  return [...unsigned(declared.length + body.length + 1), ...declared, ...body, 0x0b]
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content]
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()]
}

function text(value: string): Code {
  const bytes = new TextEncoder().encode(value)
  return [...unsigned(bytes.length), ...bytes]
}

function one(...opcode: Code): (a: Code) => Code {
  return (a) => [...a, ...opcode]
}

function two(...opcode: Code): (a: Code, b: Code) => Code {
  return (a, b) => [...a, ...b, ...opcode]
}

function simd(number: number): Code {
  return [0xfd, ...unsigned(number)]
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): Code {
  const low = value & 0x7f
  const rest = value >> 7
  const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
  return done ? [low] : [low | 0x80, ...signed(rest)]
}
