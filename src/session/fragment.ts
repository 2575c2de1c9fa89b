import { SconeError } from '../core/errors.ts';
import type { CompleteSecret, Fragment } from './complete.ts';
import { placeholderPattern } from './fields.ts';
import { parsePlaceholders } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import { isRaw, resolveReference, textForm } from './secret-text.ts';

export function isFragment(value: unknown): value is Fragment {
  return typeof value === 'string' && placeholderPattern.test(value);
}

/** What can take the place of a map. */
export const structured = ['config-fragment'];

/**
 * A placeholder for a part of the session itself: it must be one, of a secret that can hold such a part. A single text
 * may come from any secret that is text (language, c.4); a map only from a config-fragment.
 */
export function checkFragment(
  value: Fragment,
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
  kinds?: readonly string[],
): void {
  const resolved = problems.attempt(path, () => {
    const [part] = parsePlaceholders(value);
    return part !== undefined && 'secret' in part ? resolveReference(part, secrets) : undefined;
  });
  if (resolved === undefined) return;
  const { kind } = resolved.secret;
  if (kind !== undefined && kinds !== undefined && !kinds.includes(kind)) {
    problems.error(path, `is a secret of kind ${kind}, which cannot stand here`, {
      expected: `a secret of kind ${kinds.join(' or ')}`,
      hint: 'give it that kind, or write the value itself',
    });
  } else if (isRaw(resolved)) {
    problems.error(path, `puts the bytes of the secret ${resolved.secret.name} where only text can be`, {
      hint: `write ${textForm(resolved.secret)}`,
    });
  }
}

/** Texts of a configuration list that may be placeholders; lists in them are spliced in. */
export function checkFragments(
  values: readonly (string | undefined)[],
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): void {
  values.forEach((value, index) => {
    if (isFragment(value)) checkFragment(value, [...path, index], secrets, problems);
  });
}

/** Why a placeholder in an access list will be ignored when access is decided (language, c.7); nothing where it counts. */
export function unresolvable(
  value: Fragment,
  secrets: readonly CompleteSecret[],
  kinds: readonly string[],
): string | undefined {
  try {
    const [part] = parsePlaceholders(value);
    const kind = part !== undefined && 'secret' in part ? resolveReference(part, secrets).secret.kind : undefined;
    return kind === undefined || kinds.includes(kind) ? undefined : `a secret of kind ${kind} names no client`;
  } catch (error) {
    if (error instanceof SconeError) return error.message;
    throw error;
  }
}
