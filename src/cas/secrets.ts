import { equalBytes, fromHex, utf8, utf8Text } from '../core/bytes.ts';
import type { Random } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { explicitValueHmac } from '../session/canonical.ts';
import { lostValue } from '../session/kept.ts';
import type { Session, SessionSecret } from '../session/types.ts';
import type { SessionVersion } from './state.ts';

/** Largest secret that is generated, in characters or bytes. */
export const largestSecret = 99_999;

/** 0x21 to 0x7e: printable ASCII without the blank, which would vanish at an end of a line. */
const firstCharacter = 0x21;
const alphabetSize = 94;

/**
 * The values of all secrets of a session's new version: given ones after their HMAC was found right, generated ones
 * kept from the version before when kind and size are the same, and new ones. They are written in the record that makes
 * the version, so two evaluations never give one version two values (H2).
 *
 * @param values explicit values by name, as the owner sent them
 */
export function secretValues(
  session: Session,
  values: { readonly [name: string]: string },
  before: SessionVersion | undefined,
  random: Random,
): Map<string, Uint8Array> {
  const explicit = session.secrets.filter(({ value_hmac }) => value_hmac !== undefined).map(({ name }) => name);
  const superfluous = Object.keys(values).find((name) => !explicit.includes(name));
  if (superfluous !== undefined) {
    throw new SconeError('E_SESSION', `a value was sent for the secret ${superfluous}, which has no explicit value`, {
      hint: 'the session holds a value_hmac for each value that is sent beside it',
    });
  }
  return new Map(
    session.secrets.map((secret) => [
      secret.name,
      secret.value_hmac === undefined
        ? (kept(secret, before) ?? generate(secret, random))
        : given(
            session,
            secret,
            secret.value_hmac,
            Object.hasOwn(values, secret.name) ? values[secret.name] : undefined,
          ),
    ]),
  );
}

/** A generated value of the version before: it survives an update that keeps its kind and size (language, c.5). */
function kept(secret: SessionSecret, before: SessionVersion | undefined): Uint8Array | undefined {
  const old = before?.session.secrets.find(({ name }) => name === secret.name);
  if (old === undefined || old.value_hmac !== undefined || lostValue(old, secret) !== undefined) return undefined;
  return before?.secrets.get(secret.name);
}

function generate(secret: SessionSecret, random: Random): Uint8Array {
  const size = Number(secret.size);
  if (!Number.isSafeInteger(size) || size < 1 || size > largestSecret) {
    throw new SconeError('E_SESSION', `the secret ${secret.name} cannot have the size ${secret.size}`, {
      expected: `1 to ${largestSecret}`,
      found: secret.size,
    });
  }
  return secret.kind === 'binary' ? random(size) : asciiSecret(size, random);
}

/** Characters drawn evenly: bytes at and above the largest multiple of the alphabet's size are thrown away. */
export function asciiSecret(size: number, random: Random): Uint8Array<ArrayBuffer> {
  const limit = 256 - (256 % alphabetSize);
  const characters = new Uint8Array(size);
  for (let done = 0; done < size; ) {
    const bytes = random(2 * (size - done));
    for (const byte of bytes) {
      if (byte < limit && done < size) characters[done++] = firstCharacter + (byte % alphabetSize);
    }
    bytes.fill(0);
  }
  return characters;
}

/** An explicit value, after it was found to be the one that the session's hash commits to (M12). */
function given(session: Session, secret: SessionSecret, hmac: string, value: string | undefined): Uint8Array {
  if (value === undefined) {
    throw new SconeError('E_SESSION', `the explicit value of the secret ${secret.name} is missing`, {
      hint: 'send it beside the session',
    });
  }
  if (session.salt === undefined) {
    throw new SconeError('E_SESSION', 'a session with explicit values needs a salt', { hint: 'add a salt' });
  }
  if (!equalBytes(utf8(explicitValueHmac(fromHex(session.salt, 16, 'salt'), secret.name, value)), utf8(hmac))) {
    throw new SconeError('E_SESSION', `the value of the secret ${secret.name} is not the one that the session states`, {
      hint: 'value_hmac is HMAC-SHA-256 over name and value under the salt of the session',
    });
  }
  return explicitBytes(secret, value);
}

/** The bytes of an explicit value: ascii its characters, binary hex in either case (language, c.3). */
function explicitBytes(secret: SessionSecret, value: string): Uint8Array {
  if (secret.kind === 'binary') {
    try {
      return fromHex(value.toLowerCase(), undefined, `the value of the secret ${secret.name}`);
    } catch (cause) {
      throw new SconeError('E_SESSION', `the value of the secret ${secret.name} is not hex`, { cause });
    }
  }
  if (!/^[\t\n\r\x20-\x7e]*$/.test(value)) {
    throw new SconeError('E_SESSION', `the value of the secret ${secret.name} holds characters that are not ASCII`, {
      hint: 'use the kind binary and write the value in hex',
    });
  }
  return utf8(value);
}

/** A value as its owner and `/v1/values` see it: ascii as text, binary in hex. */
export function valueText(kind: SessionSecret['kind'], value: Uint8Array): string {
  return kind === 'binary' ? Buffer.from(value).toString('hex') : utf8Text(value, 'secret');
}
