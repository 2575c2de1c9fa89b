import { type Position, SconeError } from '../core/errors.ts';
import { repeated } from '../language/repeat.ts';
import { openPlaceholder, parsePlaceholders } from '../session/placeholders.ts';

/** What a variable of a template stands for, and where that was written. */
export interface TemplateValue {
  value: string;
  at?: Position;
}

export type Lookup = (name: string) => TemplateValue | undefined;

/** Neither kind of piece holds the beginning of another one, so that no text takes longer than its length to read. */
const piece =
  /\{%-?\s{0,9}raw\s{0,9}-?%\}((?:(?!\{%-?\s{0,9}raw)[^])*?)\{%-?\s{0,9}endraw\s{0,9}-?%\}|\{\{((?:(?!\{\{|\}\})[^])*)\}\}/g;
/** A name, and a default: a text in one of three kinds of quotes, a number, `true` or `false`. */
const expression =
  /^\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*(?:\|\s*default\(\s*value\s*=\s*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|(-?[0-9]+(?:\.[0-9]+)?|true|false))\s*\)\s*)?$/;
const opening = '$$SCONE::';

/**
 * Replaces `{{name}}` and `{{name | default(value="…")}}` in a text of the service manifest; `{% raw %}…{% endraw %}`
 * keeps what is inside. A value is text: it is not looked at for further variables (threat model 45), it may not bring
 * a placeholder with it or complete one, and inside `$$SCONE::…$$` it may only be a name (M21).
 *
 * @param where how to call the text in errors: `the variable API_URL of pythonapp`
 * @param at where to point when the value itself has no position
 * @throws `E_VARIABLE`
 */
export function renderTemplate(text: string, lookup: Lookup, where: string, at: Position): string {
  if (!text.includes('{{') && !text.includes('{%')) return text;
  let result = '';
  /** The same, with every value outside of placeholders left out: which placeholders the manifest itself has. */
  let neutral = '';
  let inside = false;
  let from = 0;
  const literal = (part: string) => {
    result += part;
    neutral += part;
    inside = stillOpen(part, inside);
  };
  for (const match of text.matchAll(piece)) {
    literal(text.slice(from, match.index));
    from = match.index + match[0].length;
    const [whole, raw, variable] = match;
    if (raw !== undefined) {
      literal(raw);
      continue;
    }
    const { value, at: origin = at } = valueOf(variable ?? '', lookup, where, at);
    checkValue(value, inside, whole, where, origin);
    result += value;
    neutral += inside ? value : '\0';
  }
  literal(text.slice(from));
  if (placeholders(result, where, at) !== placeholders(neutral, where, at)) {
    throw new SconeError('E_VARIABLE', `${where} becomes a placeholder that the service manifest does not have`, {
      at,
      hint: 'a value of the Meshfile is text; refer to secrets in the service manifest',
    });
  }
  return result;
}

/** Whether a value may stand where `{{…}}` does, or as the value of a variable. */
export function checkValue(value: string, inside: boolean, name: string, where: string, at: Position): void {
  if (inside && !/^[A-Za-z0-9_.-]+$/.test(value)) {
    throw new SconeError('E_VARIABLE', `${name} stands inside a placeholder of ${where} and may only be a name there`, {
      at,
      expected: 'one or more of A-Z a-z 0-9 _ . -',
      found: repeated(value),
      hint: 'set it to the name of a secret',
    });
  }
  const start = value.indexOf(opening);
  if (start >= 0) {
    throw new SconeError('E_VARIABLE', `the value for ${where} holds a placeholder`, {
      at,
      found: openPlaceholder(value, start),
      hint: 'a value of the Meshfile is text; refer to secrets in the service manifest',
    });
  }
}

function valueOf(variable: string, lookup: Lookup, where: string, at: Position): TemplateValue {
  const [, name, ...defaults] = expression.exec(variable) ?? [];
  const fallback = defaults.find((one) => one !== undefined);
  if (name === undefined) {
    throw new SconeError('E_VARIABLE', `${where} holds {{${repeated(variable.trim())}}}, which is no variable`, {
      at,
      expected: '{{name}} or {{name | default(value="…")}}',
      hint: 'to have these characters as text, write {% raw %}…{% endraw %} around them',
    });
  }
  const found = lookup(name.replaceAll('.', '_')) ?? (fallback === undefined ? undefined : { value: fallback });
  if (found !== undefined) return found;
  throw new SconeError('E_VARIABLE', `${where} needs the variable ${name}, which has no value`, {
    at,
    hint: `add "- name: ${name}" with a value to env of the Meshfile, or a default to the service manifest: {{${name} | default(value="…")}}`,
  });
}

/** Whether a placeholder is open at the end of a piece of literal text. */
function stillOpen(text: string, open: boolean): boolean {
  let at = 0;
  let now = open;
  for (;;) {
    const next = text.indexOf(now ? '$$' : opening, at);
    if (next < 0) return now;
    at = next + (now ? 2 : opening.length);
    now = !now;
  }
}

function placeholders(text: string, where: string, at: Position): string {
  try {
    return JSON.stringify(parsePlaceholders(text).filter((part) => 'secret' in part));
  } catch (cause) {
    throw new SconeError('E_VARIABLE', `${where} holds a placeholder that cannot be read`, { at, cause });
  }
}
