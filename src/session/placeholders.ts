import { SconeError } from '../core/errors.ts';
import { nameIn, repeated } from '../language/repeat.ts';

/**
 * A piece of a text, found once. What a secret or the host puts in its place is never looked at again (threat model
 * 45, 72; H10).
 */
export type Part =
  | { text: string }
  | { secret: string; format?: string; escape?: 'json' }
  | { host_arg: number }
  | { host_env: string };

const opening = '$$SCONE::';
/** Name, then a format of words with colons, then an encoding. */
const inside = /^([A-Za-z0-9_.~-]+)(?::([a-z0-9]+(?:[:-][a-z0-9]+)*))?(?:\|escape\((json)\))?$/;

/**
 * Splits a text into literal pieces and placeholders `$$SCONE::<name>[:<format>][|escape(json)]$$`. Everything that is
 * no placeholder is text: `@@1`, `$`, `$$`, `{{`. A placeholder that is not closed or has another form is `E_SESSION`,
 * since nobody can say what its author wanted to be there.
 */
export function parsePlaceholders(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (;;) {
    const start = text.indexOf(opening, from);
    const literal = text.slice(from, start < 0 ? undefined : start);
    if (literal !== '') parts.push({ text: literal });
    if (start < 0) return parts;
    const nameStart = start + opening.length;
    const end = text.indexOf('$$', nameStart);
    if (end < 0) {
      throw new SconeError('E_SESSION', 'a placeholder is not closed', {
        expected: '$$SCONE::name$$',
        found: openPlaceholder(text, start),
        hint: 'close it with $$',
      });
    }
    parts.push(placeholder(text.slice(nameStart, end)));
    from = end + 2;
  }
}

/** Where a placeholder begins that is never closed: two dollars close whatever is open, so only the last one can be. */
export function unclosedAt(text: string): number | undefined {
  let from = 0;
  for (;;) {
    const start = text.indexOf(opening, from);
    if (start < 0) return undefined;
    const end = text.indexOf('$$', start + opening.length);
    if (end < 0) return start;
    from = end + 2;
  }
}

/** A placeholder that is not closed, as far as its name can go. */
export function openPlaceholder(text: string, start: number): string {
  return opening + nameIn(text.slice(start + opening.length));
}

function placeholder(reference: string): Part {
  const [, secret, format, escape] = inside.exec(reference) ?? [];
  if (secret === undefined) {
    throw new SconeError('E_SESSION', 'a placeholder does not have the form of one', {
      expected: '$$SCONE::name$$, $$SCONE::name:format$$ or $$SCONE::name:format|escape(json)$$',
      found: `${opening}${repeated(reference)}`,
      hint: 'names have letters, digits and _ - . ~; placeholders are not nested',
    });
  }
  return { secret, ...(format === undefined ? {} : { format }), ...(escape === undefined ? {} : { escape: 'json' }) };
}

/** An element of `command`: `@@N` as a whole is the host's argument N, anything else is text with placeholders. */
export function parseArgument(text: string): Part[] {
  const [, digits] = /^@@(0|[1-9][0-9]{0,4})$/.exec(text) ?? [];
  return digits === undefined ? parsePlaceholders(text) : [{ host_arg: Number(digits) }];
}

/** An entry of `environment`: a key `\@\@NAME` takes the host's variable NAME; its value does not count. */
export function parseVariable(name: string, value: string): { name: string; parts: Part[] } {
  const [, host] = /^\\@\\@(.+)$/s.exec(name) ?? [];
  return host === undefined ? { name, parts: parsePlaceholders(value) } : { name: host, parts: [{ host_env: host }] };
}
