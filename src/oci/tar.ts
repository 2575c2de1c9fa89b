import { SconeError } from '../core/errors.ts';
import { type BytePath, encodePath, nameOf, pathBytes } from './path.ts';

/**
 * Our own writer of tar archives, since the bytes are the image's digest: POSIX.1-2017 pax (`pax` utility, "pax
 * Interchange Format" over ustar). There is one way to write each entry: extended header only where ustar cannot say
 * it, modification time 0, no user names, no other keyword than `path`, `linkpath`, `size`, `uid`, `gid` and
 * `SCHILY.xattr.*`.
 */
export interface TarHeader {
  /** Absolute; written without the leading slash, directories with one behind. */
  path: BytePath;
  type: 'dir' | 'file' | 'symlink';
  mode: number;
  uid: number;
  gid: number;
  /** Of a file; else 0. */
  size?: number;
  /** Of a symlink. */
  target?: string;
  xattrs?: ReadonlyMap<string, Uint8Array>;
}

const blockSize = 512;
const typeFlags = { file: '0', symlink: '2', dir: '5' } as const;

/** The header blocks of an entry, an extended header included where it needs one. */
export function tarHeader(entry: TarHeader): Buffer {
  if (nameOf(entry.path).startsWith('.wh.')) {
    throw new SconeError('E_IMAGE', `${encodePath(entry.path)} has a name that means a deletion in a layer`, {
      hint: 'Rename the file: names that start with ".wh." cannot be in an image.',
    });
  }
  const name = entry.path.slice(1) + (entry.type === 'dir' ? '/' : '');
  const size = entry.type === 'file' ? (entry.size ?? 0) : 0;
  const target = entry.target ?? '';
  const records: [string, Uint8Array][] = [];
  const place = splitName(name);
  if (place === undefined) records.push(['path', pathBytes(name)]);
  if (target.length > 100) records.push(['linkpath', pathBytes(target)]);
  if (size > 0o77777777777) records.push(['size', Buffer.from(String(size))]);
  if (entry.uid > 0o7777777) records.push(['uid', Buffer.from(String(entry.uid))]);
  if (entry.gid > 0o7777777) records.push(['gid', Buffer.from(String(entry.gid))]);
  for (const [attribute, value] of entry.xattrs ?? []) records.push([`SCHILY.xattr.${attribute}`, value]);
  const header = block({
    name: place?.name ?? name.slice(0, 100),
    prefix: place?.prefix ?? '',
    mode: entry.mode,
    uid: entry.uid > 0o7777777 ? 0 : entry.uid,
    gid: entry.gid > 0o7777777 ? 0 : entry.gid,
    size: size > 0o77777777777 ? 0 : size,
    flag: typeFlags[entry.type],
    target: target.slice(0, 100),
  });
  return records.length === 0 ? header : Buffer.concat([extendedHeader(records), header]);
}

/** The zeros that fill a file of this size to a whole number of blocks. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}

/** Two zero blocks. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * blockSize);
}

function extendedHeader(records: readonly [string, Uint8Array][]): Buffer {
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  const body = Buffer.concat(sorted.map(([keyword, value]) => paxRecord(keyword, value)));
  const header = block({
    name: 'PaxHeaders/entry',
    prefix: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: body.length,
    flag: 'x',
    target: '',
  });
  return Buffer.concat([header, body, tarPadding(body.length)]);
}

/** `"%d %s=%s\n"`: the number counts the whole record, its own digits too. */
function paxRecord(keyword: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${keyword}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** ustar's two fields: at most 100 bytes behind a slash that is among the first 156. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (name.length <= 100) return { name, prefix: '' };
  const slash = name.indexOf('/', name.length - 101);
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

function block(field: {
  name: string;
  prefix: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  flag: string;
  target: string;
}): Buffer {
  const header = Buffer.alloc(blockSize);
  header.write(field.name, 0, 100, 'latin1');
  header.write(octal(field.mode, 7), 100, 'latin1');
  header.write(octal(field.uid, 7), 108, 'latin1');
  header.write(octal(field.gid, 7), 116, 'latin1');
  header.write(octal(field.size, 11), 124, 'latin1');
  header.write(octal(0, 11), 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(field.flag, 156, 'latin1');
  header.write(field.target, 157, 100, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(octal(0, 7), 329, 'latin1');
  header.write(octal(0, 7), 337, 'latin1');
  header.write(field.prefix, 345, 155, 'latin1');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
