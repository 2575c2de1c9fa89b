import { p, R, rawValue, size, toWords } from './field.ts';
import { inverse } from './inverse.ts';
import { places, program } from './program.ts';

/** What is used of WebAssembly; a process may lack it (`--jitless`), and Node's types leave it out. */
export interface WebAssemblyApi {
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (module: object) => { exports: object };
}

type Procedures = Record<
  'multiply' | 'square' | 'add' | 'double' | 'chord' | 'difference',
  (...addresses: number[]) => void
>;

/** 64 KiB each: what `tableOf` lays out takes 1,027,488 bytes. */
const pages = 16;

/**
 * The procedures of `program`, with their memory. Memory holds intermediate values only, and no call relies on what an
 * earlier one of somebody else left there.
 */
export class Machine {
  readonly run: Procedures;
  readonly memory: Int32Array;

  /** `exports` of an instance of the program. */
  constructor(exports: object) {
    const { memory, ...run } = exports as Procedures & { memory: { buffer: ArrayBuffer } };
    this.run = run;
    this.memory = new Int32Array(memory.buffer);
    this.write(places.half3, (3n * ((p + 1n) / 2n)) % p);
  }

  /** Puts the element that stands for a value from 0 to p − 1 at an address. */
  write(address: number, value: bigint): void {
    this.memory.set(toWords(value), address / 4);
  }

  /** The value, from 0 to p − 1, that the element at an address stands for, times R. */
  readTimesR(address: number): bigint {
    const value = rawValue(this.memory, address / 4) % p;
    return value < 0n ? value + p : value;
  }

  /** Copies elements from one address to another. */
  copy(to: number, from: number, elements = 1): void {
    this.memory.copyWithin(to / 4, from / 4, (from + elements * size) / 4);
  }

  /** Sets the element at an address to its inverse modulo p, by way of whole numbers: rare and slow. */
  invert(address: number): void {
    // The element's words are a·R; those of the inverse are R/a = R²/(a·R).
    this.write(address, (inverse(this.readTimesR(address), p) * R) % p);
  }
}

/** WebAssembly, where this process has it. */
export function webAssembly(): WebAssemblyApi | undefined {
  return (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
}

/** A machine of its own; undefined where WebAssembly is absent or not allowed. */
export function newMachine(): Machine | undefined {
  const api = webAssembly();
  if (api === undefined) return undefined;
  const bytes = program(pages);
  let instance: { exports: object };
  try {
    instance = new api.Instance(new api.Module(bytes));
  } catch {
    // Not allowed here (WebAssembly.CompileError), or no room for its memory (RangeError): OpenSSL needs neither.
    return undefined;
  }
  return new Machine(instance.exports);
}

/** Holds nothing between two calls. */
let shared: Machine | undefined;
let missing = false;

/** The one machine of this process. */
export function machine(): Machine | undefined {
  if (shared !== undefined || missing) return shared;
  shared = newMachine();
  missing = shared === undefined;
  return shared;
}
