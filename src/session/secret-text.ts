import { base64, concat, hex, utf8, utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { suggest } from '../language/suggest.ts';
import type { SecretKind } from '../language/vocabulary.ts';
import type { CompleteSecret } from './complete.ts';
import type { Part } from './placeholders.ts';

/** Formats of a secret kind (language, c.4); the first is the default. A kind without any has no format. */
const formats: { readonly [kind in SecretKind]: readonly string[] } = {
  ascii: [],
  binary: ['bin', 'hex', 'base64', 'base64url', 'base32', 'base32nopad'],
  'private-key': ['pem', 'pkcs8:pem', 'der', 'pkcs8:der'],
  'public-key': ['spki:pem', 'spki:der'],
  x509: certificateFormats(),
  'x509-ca': certificateFormats(),
  'aad-token': [],
  'config-fragment': [],
  'pgp-key': ['privatekey', 'publickey'].flatMap((key) => [`${key}:asciiarmored`, `${key}:binary`, `${key}:base64`]),
  jwt: [],
};

function certificateFormats(): string[] {
  const key = ['privatekey', 'privatekey:pem', 'privatekey:pkcs8:pem', 'privatekey:der', 'privatekey:pkcs8:der'];
  return ['crt', 'crt:pem', 'crt:der', ...key, 'chain', 'pkcs12-with-private-key'];
}

/** Old endings of names, and the kinds that have them. `.chain` is no `:chain`: its order is the reverse. */
const endings: { readonly [ending: string]: readonly SecretKind[] } = {
  hex: ['binary'],
  crt: ['x509', 'x509-ca'],
  key: ['private-key', 'x509', 'x509-ca'],
  chain: ['x509', 'x509-ca'],
};

type Reference = Extract<Part, { secret: string }>;

/** What a placeholder stands for, decided against the secrets of its session. */
export interface Resolved {
  secret: CompleteSecret;
  /** Absent for kinds without formats. With a dot in front: an old ending other than `.hex`. */
  format?: string;
  escape?: 'json';
}

/**
 * The secret and format that a placeholder means. `name.hex` is the old spelling of `name:hex`, unless a secret has
 * exactly that name; `.crt`, `.key` and `.chain` are old too. Unknown secrets and formats are `E_SESSION`.
 */
export function resolveReference(part: Reference, secrets: readonly CompleteSecret[]): Resolved {
  const find = (name: string) => indexOf(secrets).get(name);
  let secret = find(part.secret);
  let { format } = part;
  const [, stem = '', ending = ''] = /^(.+)\.(hex|crt|key|chain)$/.exec(part.secret) ?? [];
  if (secret === undefined && format === undefined && ending !== '') {
    secret = find(stem);
    const kinds = endings[ending] ?? [];
    if (secret?.kind !== undefined && !kinds.includes(secret.kind)) {
      throw new SconeError('E_SESSION', `a secret of kind ${secret.kind} has no .${ending}`, {
        expected: `a secret of kind ${kinds.join(' or ')}`,
        found: `$$SCONE::${part.secret}$$`,
        hint: `write $$SCONE::${stem}$$`,
      });
    }
    format = ending === 'hex' ? 'hex' : `.${ending}`;
  }
  if (secret === undefined) {
    throw new SconeError('E_SESSION', `a placeholder refers to the secret ${part.secret}, which the session lacks`, {
      found: part.secret,
      expected: known(secrets),
      hint: suggestion(part.secret, secrets),
    });
  }
  // The kind of an imported secret may be left out; then the other session decides.
  const written = secret.kind === undefined ? Object.values(formats).flat() : formats[secret.kind];
  const chosen = format ?? (secret.kind === undefined ? undefined : written[0]);
  if (format !== undefined && !format.startsWith('.') && !written.includes(format)) {
    const supported = written.length === 0 ? 'no format' : `one of ${written.join(', ')}`;
    throw new SconeError('E_SESSION', `a secret of kind ${secret.kind} cannot be written as ${format}`, {
      expected: supported,
      found: `$$SCONE::${part.secret}:${format}$$`,
      hint: `write ${textForm(secret)}`,
    });
  }
  return {
    secret,
    ...(chosen === undefined ? {} : { format: chosen }),
    ...(part.escape === undefined ? {} : { escape: part.escape }),
  };
}

/** Placeholders are many, and so may secrets be: each list is looked through once. */
const indexes = new WeakMap<readonly CompleteSecret[], ReadonlyMap<string, CompleteSecret>>();

function indexOf(secrets: readonly CompleteSecret[]): ReadonlyMap<string, CompleteSecret> {
  const found = indexes.get(secrets);
  if (found !== undefined) return found;
  const index = new Map<string, CompleteSecret>();
  for (const secret of secrets) if (!index.has(secret.name)) index.set(secret.name, secret);
  indexes.set(secrets, index);
  return index;
}

/** As many names as anybody reads. */
const listed = 12;

function known(secrets: readonly CompleteSecret[]): string {
  if (secrets.length === 0) return 'no placeholder';
  const names = secrets.slice(0, listed).map(({ name }) => name);
  const more = secrets.length - names.length;
  return `one of ${names.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}

function suggestion(name: string, secrets: readonly CompleteSecret[]): string {
  const near = suggest(
    name,
    secrets.slice(0, 1000).map((secret) => secret.name),
  );
  return near === undefined
    ? 'define the secret, or correct the name in the placeholder'
    : `did you mean "${near}"? Otherwise define the secret`;
}

/** A placeholder of this secret that is text. */
export function textForm({ kind, name }: CompleteSecret): string {
  const form = kind === undefined ? undefined : formats[kind].find((format) => !rawFormat.test(format));
  if (kind === 'binary') return `$$SCONE::${name}:hex$$ or :base64`;
  return form === undefined ? `$$SCONE::${name}$$` : `$$SCONE::${name}:${form}$$`;
}

const rawFormat = /^bin$|(?:^|:)der$|^pkcs12|:binary$/;

/** Whether the result may hold any byte, and so has no place in an argument or a variable. */
export function isRaw({ format }: Resolved): boolean {
  return format !== undefined && rawFormat.test(format);
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
