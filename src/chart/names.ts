import { utf8 } from '../core/bytes.ts';
import { sha256Hex } from '../core/digest.ts';

/** With the release's name (at most 53 characters by Helm) it has to fit into the 63 of a DNS label. */
const longest = 40;

/**
 * The DNS label (RFC 1123) for a name of a Meshfile: lower case, `-` for anything else. A name that is too long, or
 * that begins or ends with something else, gets a part of its hash, so that two names do not become one.
 */
export function label(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '-');
  if (plain.length <= longest && /^[a-z0-9](?:.*[a-z0-9])?$/.test(plain)) return plain;
  const mark = sha256Hex(utf8(name)).slice(0, 8);
  const start = plain.slice(0, longest - mark.length - 1).replace(/^-+|-+$/g, '');
  return start === '' ? `x-${mark}` : `${start}-${mark}`;
}
