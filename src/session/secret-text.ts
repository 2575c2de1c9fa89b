import { base64, concat, hex, utf8, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import type { Part } from './placeholders.ts';
import type { SessionSecret } from './types.ts';

/** Formats of a secret kind; the first is the default. `ascii` has none. */
const formats = {
  ascii: [],
  binary: ['bin', 'hex', 'base64', 'base64url', 'base32', 'base32nopad'],
} as const satisfies { [kind in SessionSecret['kind']]: readonly string[] };

type Reference = Extract<Part, { secret: string }>;

/** What a placeholder stands for, decided against the secrets of its session. */
export interface Resolved {
  secret: SessionSecret;
  /** Absent for kinds without formats. */
  format?: string;
  escape?: 'json';
}

/**
 * The secret and format that a placeholder means. `name.hex` is the old spelling of `name:hex`, unless a secret has
 * exactly that name. Unknown secrets and formats are `E_SESSION`.
 */
export function resolveReference(part: Reference, secrets: readonly SessionSecret[]): Resolved {
  const find = (name: string) => secrets.find((secret) => secret.name === name);
  let secret = find(part.secret);
  let { format } = part;
  if (secret === undefined && format === undefined && part.secret.endsWith('.hex')) {
    secret = find(part.secret.slice(0, -'.hex'.length));
    format = 'hex';
  }
  if (secret === undefined) {
    throw new SconeError('E_SESSION', `a placeholder refers to the secret ${part.secret}, which the session lacks`, {
      found: part.secret,
      expected: secrets.length === 0 ? 'no placeholder' : `one of ${secrets.map(({ name }) => name).join(', ')}`,
      hint: 'define the secret, or correct the name in the placeholder',
    });
  }
  const known: readonly string[] = formats[secret.kind];
  const chosen = format ?? known[0];
  if (format !== undefined && !known.includes(format)) {
    const supported = known.length === 0 ? 'no format' : `one of ${known.join(', ')}`;
    throw new SconeError('E_SESSION', `a secret of kind ${secret.kind} cannot be written as ${format}`, {
      expected: supported,
      found: `$$SCONE::${part.secret}:${format}$$`,
      hint: known.length === 0 ? `write $$SCONE::${secret.name}$$` : `write $$SCONE::${secret.name}:${known[1]}$$`,
    });
  }
  return {
    secret,
    ...(chosen === undefined ? {} : { format: chosen }),
    ...(part.escape === undefined ? {} : { escape: part.escape }),
  };
}

/** Whether the result may hold any byte, and so has no place in an argument or a variable. */
export function isRaw({ format }: Resolved): boolean {
  return format === 'bin';
}

/**
 * The bytes that take the placeholder's place.
 *
 * @param value the secret: ascii its text, binary its bytes
 */
export function secretBytes(resolved: Resolved, value: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = encode(resolved.format, value);
  if (resolved.escape === undefined) return bytes;
  return utf8(JSON.stringify(utf8Text(bytes, `the secret ${resolved.secret.name}`)).slice(1, -1));
}

function encode(format: string | undefined, value: Uint8Array): Uint8Array<ArrayBuffer> {
  switch (format) {
    case undefined:
    case 'bin':
      return concat(value);
    case 'hex':
      return utf8(hex(value));
    case 'base64':
      return utf8(base64(value));
    case 'base64url':
      return utf8(Buffer.from(value).toString('base64url'));
    case 'base32':
      return utf8(base32(value, true));
    case 'base32nopad':
      return utf8(base32(value, false));
    default:
      throw new SconeError('E_SESSION', `the format ${format} is unknown`);
  }
}

const alphabet32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, section 6. */
function base32(bytes: Uint8Array, padded: boolean): string {
  let text = '';
  let bits = 0;
  let count = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    count += 8;
    for (; count >= 5; count -= 5) text += alphabet32.charAt((bits >>> (count - 5)) & 31);
    bits &= 31;
  }
  if (count > 0) text += alphabet32.charAt((bits << (5 - count)) & 31);
  return padded ? text.padEnd(Math.ceil(text.length / 8) * 8, '=') : text;
}
