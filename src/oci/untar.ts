import { SconeError } from '../core/errors.ts';
import { type BytePath, encodePath } from './path.ts';

/** What a reader of a hostile archive takes at most (threat model 50: bombs). */
export interface TarLimits {
  members: number;
  /** Bytes of all files together. */
  bytes: number;
}

export const defaultLimits: TarLimits = { members: 1_000_000, bytes: 64 * 2 ** 30 };

export type MemberType = 'dir' | 'file' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

export interface TarMember {
  /** Absolute and normal: `./usr/` and `usr` in the archive are both `/usr`. */
  path: BytePath;
  type: MemberType;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Of a symlink, as written; of a hard link, absolute and normal. */
  target: string;
  xattrs: ReadonlyMap<string, Uint8Array>;
  /** The bytes of a file; to be read before the next member is asked for, what is left is skipped. */
  body: AsyncGenerator<Uint8Array>;
}

const blockSize = 512;
const maxExtended = 1 << 20;
/** Bytes of all extended headers of an archive: attributes and long names stay in memory. */
const maxAllExtended = 1 << 28;
const maxPath = 4096;
/** Directories above each other. Each costs something for every member below it, and nobody nests them like that. */
const maxDepth = 256;
const memberTypes: { readonly [flag: string]: MemberType } = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'dir',
  '6': 'fifo',
  '7': 'file',
};

/**
 * Reads a tar archive member by member: ustar, pax and GNU long names. Refused with `E_FORMAT`: a wrong checksum, a
 * cut member, `..` and absolute names, the same name twice, a hard link out of the archive, sparse and unknown
 * members, numbers that are none. Refused with `E_LIMIT`: more than the limits say.
 */
export async function* untar(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  limits: TarLimits = defaultLimits,
): AsyncGenerator<TarMember> {
  const input = new BlockReader(source);
  const seen = new Set<BytePath>();
  let extended: Extended = new Map();
  /** The kinds of extended headers of the next member; each comes once. */
  let kinds = '';
  let extendedBytes = 0;
  let bytes = 0;
  for (;;) {
    // Some writers leave out the end mark and the last padding; digests tell whether an archive was cut.
    if (await input.atEnd()) return;
    const header = await input.take(blockSize);
    if (isZero(header)) {
      await input.onlyZeros();
      return;
    }
    const raw = parseHeader(header);
    if (raw.flag === 'x' || raw.flag === 'L' || raw.flag === 'K') {
      if (kinds.includes(raw.flag)) fail('holds several extended headers of one kind for one member');
      kinds += raw.flag;
      extendedBytes += raw.size;
      if (extendedBytes > maxAllExtended) {
        throw new SconeError('E_LIMIT', 'an archive holds more extended headers than are taken', {
          expected: `at most ${maxAllExtended} bytes`,
        });
      }
      extended = new Map([...extended, ...(await readExtended(input, raw))]);
      continue;
    }
    if (raw.flag === 'g') fail('holds a global extended header');
    const member = applyExtended(raw, extended);
    extended = new Map();
    kinds = '';
    if (seen.has(member.path) && member.path !== '/') fail('holds a name twice', member.path);
    seen.add(member.path);
    bytes += member.size;
    if (seen.size > limits.members || bytes > limits.bytes) {
      throw new SconeError('E_LIMIT', 'an archive holds more than is taken', {
        expected: `at most ${limits.members} members and ${limits.bytes} bytes`,
        found: `${seen.size} members and ${bytes} bytes`,
      });
    }
    yield { ...member, body: input.body(member.size) };
    await input.skipBody();
    if (await input.atEnd()) return;
    await input.padding(member.size);
  }
}

type Extended = Map<string, Buffer>;

interface RawHeader {
  name: string;
  target: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  flag: string;
}

function fail(problem: string, path?: BytePath): never {
  const name = path === undefined ? '' : `: ${encodePath(path.slice(0, 200))}`;
  throw new SconeError('E_FORMAT', `the archive ${problem}${name}`);
}

function parseHeader(header: Buffer): RawHeader {
  let sum = 0;
  for (let i = 0; i < blockSize; i++) sum += i >= 148 && i < 156 ? 32 : (header[i] ?? 0);
  if (number(header, 148, 8) !== sum) fail('has a header with a wrong checksum');
  const magic = header.toString('latin1', 257, 263);
  if (magic !== 'ustar\0' && magic !== 'ustar ') fail('is not ustar, pax or GNU tar');
  const prefix = magic === 'ustar\0' ? text(header, 345, 155) : '';
  const name = text(header, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    target: text(header, 157, 100),
    mode: number(header, 100, 8) & 0o7777,
    uid: number(header, 108, 8),
    gid: number(header, 116, 8),
    size: number(header, 124, 12),
    flag: header.toString('latin1', 156, 157),
  };
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.toString('latin1', start, start + length);
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
}

/** Octal text, or GNU's big-endian binary for numbers that do not fit. */
function number(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length);
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = BigInt((field[0] ?? 0) & 0x7f);
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) fail('holds a number out of range');
    return Number(value);
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(field.toString('latin1'))?.[1];
  if (digits === undefined) fail('holds a number that is none');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

async function readExtended(input: BlockReader, raw: RawHeader): Promise<Extended> {
  if (raw.size > maxExtended) throw new SconeError('E_LIMIT', `an extended header is longer than ${maxExtended} bytes`);
  const body = Buffer.from(await input.take(raw.size));
  await input.padding(raw.size);
  if (raw.flag === 'x') return parsePax(body);
  const end = body.indexOf(0);
  return new Map([[raw.flag === 'L' ? 'path' : 'linkpath', end < 0 ? body : body.subarray(0, end)]]);
}

function parsePax(body: Buffer): Extended {
  const records: Extended = new Map();
  let at = 0;
  while (at < body.length) {
    const blank = body.indexOf(0x20, at);
    const digits = blank < 0 ? '' : body.toString('latin1', at, blank);
    const length = /^[1-9][0-9]{0,8}$/.test(digits) ? Number(digits) : 0;
    const equals = body.indexOf(0x3d, blank);
    if (length < 5 || at + length > body.length || equals < 0 || equals >= at + length - 1) {
      fail('has a malformed extended header');
    }
    if (body[at + length - 1] !== 0x0a) fail('has a malformed extended header');
    const keyword = body.toString('latin1', blank + 1, equals);
    if (records.has(keyword)) fail('has an extended header with a keyword twice');
    records.set(keyword, body.subarray(equals + 1, at + length - 1));
    at += length;
  }
  return records;
}

function applyExtended(raw: RawHeader, extended: Extended): Omit<TarMember, 'body'> {
  const type = memberTypes[raw.flag];
  if (type === undefined) fail(`holds a member of the unknown type ${JSON.stringify(raw.flag)}`);
  const xattrs = new Map<string, Uint8Array>();
  for (const [keyword, value] of extended) {
    if (keyword.startsWith('GNU.sparse.')) fail('holds a sparse file');
    if (keyword.startsWith('SCHILY.xattr.')) xattrs.set(keyword.slice('SCHILY.xattr.'.length), value);
  }
  const path = memberPath(extended.get('path')?.toString('latin1') ?? raw.name);
  const target = extended.get('linkpath')?.toString('latin1') ?? raw.target;
  if (target.includes('\0') || target.length > maxPath) fail('holds a link target that is none', path);
  if ((type === 'symlink' || type === 'hardlink') && target === '') fail('holds a link without a target', path);
  const size = decimal(extended.get('size')) ?? raw.size;
  return {
    path,
    type,
    mode: raw.mode,
    uid: decimal(extended.get('uid')) ?? raw.uid,
    gid: decimal(extended.get('gid')) ?? raw.gid,
    size: type === 'file' ? size : 0,
    target: type === 'hardlink' ? memberPath(target) : target,
    xattrs,
  };
}

function decimal(value: Buffer | undefined): number | undefined {
  if (value === undefined) return undefined;
  const digits = value.toString('latin1');
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(digits) || !Number.isSafeInteger(Number(digits))) {
    fail('holds a number that is none');
  }
  return Number(digits);
}

/** `./a/b/` → `/a/b`. A lone slash is what some tools call the root itself; longer absolute names are refused. */
function memberPath(name: string): BytePath {
  if (name === '' || name.includes('\0') || name.length > maxPath) fail('holds an empty or too long name', name);
  if (name.startsWith('/') && name !== '/') fail('holds an absolute name', name);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) fail('holds a name with ".."', name);
  if (parts.length > maxDepth) {
    throw new SconeError('E_LIMIT', `an archive nests directories deeper than ${maxDepth}`, {
      found: encodePath(name.slice(0, 200)),
    });
  }
  return `/${parts.join('/')}`;
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** Cuts a stream of chunks of any size into what the caller asks for. */
class BlockReader {
  private readonly source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  private chunk: Buffer = Buffer.alloc(0);
  /** Bytes of the present body that nobody has read yet. */
  private left = 0;

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Exactly `length` bytes, valid until the next call. */
  async take(length: number): Promise<Buffer> {
    if (this.chunk.length < length) {
      const parts = [this.chunk];
      let have = this.chunk.length;
      while (have < length) {
        const part = await this.next();
        parts.push(part);
        have += part.length;
      }
      this.chunk = Buffer.concat(parts);
    }
    const taken = this.chunk.subarray(0, length);
    this.chunk = this.chunk.subarray(length);
    return taken;
  }

  body(size: number): AsyncGenerator<Uint8Array> {
    this.left = size;
    return this.parts();
  }

  async skipBody(): Promise<void> {
    while (this.left > 0) await this.part();
  }

  private async *parts(): AsyncGenerator<Uint8Array> {
    while (this.left > 0) yield await this.part();
  }

  private async part(): Promise<Buffer> {
    if (this.chunk.length === 0) this.chunk = await this.next();
    const part = this.chunk.subarray(0, this.left);
    this.chunk = this.chunk.subarray(part.length);
    this.left -= part.length;
    return part;
  }

  async padding(size: number): Promise<void> {
    await this.take((blockSize - (size % blockSize)) % blockSize);
  }

  async atEnd(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const { done, value } = await this.source.next();
      if (done === true) return true;
      this.chunk = asBuffer(value);
    }
    return false;
  }

  /** After the end mark an archive may be filled with zeros, and with nothing else. */
  async onlyZeros(): Promise<void> {
    for (;;) {
      if (!isZero(this.chunk)) fail('has something behind its end');
      const { done, value } = await this.source.next();
      if (done === true) return;
      this.chunk = asBuffer(value);
    }
  }

  private async next(): Promise<Buffer> {
    const { done, value } = await this.source.next();
    if (done === true) fail('ends too early');
    return asBuffer(value);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
