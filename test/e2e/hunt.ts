import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Forms in which a value could have been written somewhere, by their names. */
export interface Needle {
  what: string;
  form: string;
  bytes: Buffer;
}

/**
 * Every form of a value that the search looks for: as it is, in base64 and base64url at each of the three positions
 * that it can have in a longer text, in hex of either case, and escaped for JSON.
 */
export function needlesOf(what: string, value: Buffer): Needle[] {
  const forms: [string, string | Buffer][] = [
    ['raw', value],
    ['hex', value.toString('hex')],
    ['HEX', value.toString('hex').toUpperCase()],
    ['JSON', JSON.stringify(value.toString('utf8')).slice(1, -1)],
    ['JSON with escapes for HTML', htmlSafeJson(value.toString('utf8'))],
  ];
  for (const shift of [0, 1, 2]) {
    // What comes before and behind changes the characters at both ends, so these are left out.
    const skip = (3 - shift) % 3;
    const middle = value.subarray(skip, skip + Math.floor((value.length - skip) / 3) * 3);
    forms.push(
      [`base64 at ${shift}`, middle.toString('base64')],
      [`base64url at ${shift}`, middle.toString('base64url')],
    );
  }
  const seen = new Set<string>();
  return forms.flatMap(([form, text]) => {
    const bytes = Buffer.from(text);
    const key = bytes.toString('latin1');
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ what, form, bytes }];
  });
}

/** As Go's encoding/json writes it, and Helm with it. */
function htmlSafeJson(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

/** Which of the needles some bytes hold: `<place>: <what> (<form>)`. */
export function searchBytes(place: string, bytes: Buffer, needles: readonly Needle[]): string[] {
  return needles
    .filter((needle) => bytes.includes(needle.bytes))
    .map(({ what, form }) => `${place}: ${what} (${form})`);
}

export interface Searched {
  found: string[];
  /** How many files, or processes, were looked into: a search of nothing finds nothing. */
  count: number;
  /** Bytes, after decompression. */
  bytes: number;
}

/** Looks into all files below folders, also into what is compressed, at names and at targets of links. */
export function searchFiles(folders: readonly string[], needles: readonly Needle[]): Searched {
  const all: Searched = { found: [], count: 0, bytes: 0 };
  const look = (place: string, bytes: Buffer): void => {
    all.bytes += bytes.length;
    all.found.push(...searchBytes(place, bytes, needles));
  };
  const walk = (path: string): void => {
    look(`name ${path}`, Buffer.from(path));
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) look(`link ${path}`, readlinkSync(path, { encoding: 'buffer' }));
    else if (stat?.isDirectory()) for (const name of readdirSync(path)) walk(join(path, name));
    else if (stat?.isFile()) {
      all.count++;
      const bytes = readFileSync(path);
      look(path, bytes);
      if (bytes[0] === 0x1f && bytes[1] === 0x8b) look(`${path}, decompressed`, gunzipSync(bytes));
    }
  };
  for (const folder of folders) walk(folder);
  return all;
}

/** Looks into the arguments and variables of all processes; `inNamespace` tells which are in a namespace of processes. */
export function searchProcesses(needles: readonly Needle[]): {
  outside: (namespace: string) => Searched;
  inside: (namespace: string) => Searched;
} {
  const results = new Map<string, Searched>();
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name))) {
    try {
      const namespace = readlinkSync(`/proc/${pid}/ns/pid`);
      const searched = results.get(namespace) ?? { found: [], count: 0, bytes: 0 };
      results.set(namespace, searched);
      searched.count++;
      for (const part of ['cmdline', 'environ']) {
        const bytes = readFileSync(`/proc/${pid}/${part}`);
        searched.bytes += bytes.length;
        searched.found.push(...searchBytes(`process ${pid}, ${part}`, bytes, needles));
      }
    } catch {
      // It ended meanwhile.
    }
  }
  const merge = (wanted: (namespace: string) => boolean): Searched => {
    const chosen = [...results].filter(([namespace]) => wanted(namespace)).map(([, searched]) => searched);
    return {
      found: chosen.flatMap(({ found }) => found),
      count: chosen.reduce((sum, { count }) => sum + count, 0),
      bytes: chosen.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  };
  return {
    inside: (namespace) => merge((other) => other === namespace),
    outside: (namespace) => merge((other) => other !== namespace),
  };
}
