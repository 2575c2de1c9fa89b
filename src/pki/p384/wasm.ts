import { utf8 } from '../../core/bytes.ts';

/**
 * Just enough of WebAssembly's binary format (WebAssembly Core Specification 2.0, 5) for functions without control flow:
 * expressions are byte strings in the order of the stack machine.
 */
export type Code = readonly number[];

/** Value types (5.3.1) that parameters and locals have here. */
export const i32 = 0x7f;
export const i64 = 0x7e;

/** Local variables and parameters, by index (5.4.4). */
export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

/** Constants (5.4.7). */
export const address = (value: number): Code => [0x41, ...signed(value)];
export const integer = (value: number): Code => [0x42, ...signed(value)];

/** An address and a constant (5.4.7: i32.add). */
export const addressPlus = (pointer: Code, value: number): Code => [...pointer, ...address(value), 0x6a];

/** Arithmetic of 64 bits, modulo 2^64; shifts are arithmetic (5.4.7). */
export const plus = (a: Code, b: Code): Code => [...a, ...b, 0x7c];
export const minus = (a: Code, b: Code): Code => [...a, ...b, 0x7d];
export const times = (a: Code, b: Code): Code => [...a, ...b, 0x7e];
export const and = (a: Code, b: Code): Code => [...a, ...b, 0x83];
export const shiftLeft = (a: Code, bits: number): Code => [...a, ...integer(bits), 0x86];
export const shiftRight = (a: Code, bits: number): Code => [...a, ...integer(bits), 0x87];

/** A signed word of 32 bits in memory, as 64 bits (5.4.6: i64.load32_s and i64.store32, aligned to 4 bytes). */
export const load = (pointer: Code, offset: number): Code => [...pointer, 0x34, 2, ...unsigned(offset)];
export const store = (pointer: Code, offset: number, value: Code): Code => [
  ...pointer,
  ...value,
  0x3e,
  2,
  ...unsigned(offset),
];

/** Calls a function of the module by its index (5.4.1). */
export const call = (index: number, ...pointers: readonly Code[]): Code => [
  ...pointers.flat(),
  0x10,
  ...unsigned(index),
];

/** A function that takes addresses and returns nothing; locals, numbered behind the parameters, are of 64 bits. */
export interface Procedure {
  name: string;
  parameters: number;
  locals: number;
  body: Code;
}

/** Magic number and version (5.5.16). */
const magic = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** The bytes of a module (5.5) that exports its procedures and a memory of this many pages of 64 KiB. */
export function moduleOf(procedures: readonly Procedure[], pages: number): Uint8Array<ArrayBuffer> {
  const types = procedures.map(({ parameters }) => [
    0x60,
    ...vector(Array.from({ length: parameters }, () => [i32])),
    0,
  ]);
  const exported = procedures.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]);
  const bodies = procedures.map(({ locals, body }) => sized([...vector([[...unsigned(locals), i64]]), ...body, 0x0b]));
  return Uint8Array.from([
    ...magic,
    ...section(1, types),
    ...section(
      3,
      procedures.map((_, index) => unsigned(index)),
    ),
    ...section(5, [[1, ...unsigned(pages), ...unsigned(pages)]]),
    ...section(7, [...exported, [...text('memory'), 2, 0]]),
    ...section(10, bodies),
  ]);
}

function section(id: number, items: readonly Code[]): Code {
  return [id, ...sized(vector(items))];
}

function vector(items: readonly Code[]): Code {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: Code): Code {
  return [...unsigned(bytes.length), ...bytes];
}

function text(name: string): Code {
  return vector([...utf8(name)].map((byte) => [byte]));
}

/** LEB128 (5.2.2). */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}
