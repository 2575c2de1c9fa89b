import type { CompleteSecret, Fragment } from './complete.ts';
import { placeholderPattern } from './fields.ts';
import { parsePlaceholders } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import { resolveReference } from './secret-text.ts';

export function isFragment(value: unknown): value is Fragment {
  return typeof value === 'string' && placeholderPattern.test(value);
}

/** A placeholder for a part of the session itself: it must be one, of a secret that can hold such a part. */
export function checkFragment(
  value: Fragment,
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
  kinds: readonly string[] = ['config-fragment'],
): void {
  const resolved = problems.attempt(path, () => {
    const [part] = parsePlaceholders(value);
    return part !== undefined && 'secret' in part ? resolveReference(part, secrets) : undefined;
  });
  const kind = resolved?.secret.kind;
  if (kind === undefined || kinds.includes(kind)) return;
  problems.error(path, `is a secret of kind ${kind}, which cannot stand here`, {
    expected: `a secret of kind ${kinds.join(' or ')}`,
    hint: 'give it that kind, or write the value itself',
  });
}

/** Texts of a configuration list that may be placeholders; lists in them are spliced in. */
export function checkFragments(
  values: readonly string[],
  path: Path,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): void {
  values.forEach((value, index) => {
    if (isFragment(value)) checkFragment(value, [...path, index], secrets, problems, ['config-fragment', 'ascii']);
  });
}
