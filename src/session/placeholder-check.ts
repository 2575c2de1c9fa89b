import { SconeError } from '../core/errors.ts';
import { looksLikeReference, referenceHint } from '../language/reference.ts';
import type { CompleteSecret, UnsupportedPart } from './complete.ts';
import { openPlaceholder, type Part, parsePlaceholders, unclosedAt } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import { isRaw, type Resolved, resolveReference, textForm } from './secret-text.ts';

/**
 * Every placeholder of a text must be one, and its secret known. What the language takes and no service could be given,
 * `unsupportedText` names.
 */
export function checkText(path: Path, text: string, secrets: readonly CompleteSecret[], problems: Problems): void {
  for (const part of problems.attempt(path, () => closedParts(text)) ?? []) {
    if ('secret' in part) problems.attempt(path, () => resolveReference(part, secrets));
  }
}

/**
 * A placeholder that is not closed, or that is misspelt: SCONE leaves it as text, so that a program would be given a
 * well-known word in the place of its secret. And a secret of any bytes where only text can be: its documentation advises against it.
 *
 * @param anyBytes the text is the content of a file
 */
export function unsupportedText(
  path: Path,
  text: string,
  secrets: readonly CompleteSecret[],
  anyBytes = false,
): UnsupportedPart[] {
  const misspelt: UnsupportedPart[] = looksLikeReference(text)
    ? [
        {
          path,
          what: 'a text with SCONE:: that is no placeholder',
          rule: 'holds SCONE::, which is no placeholder as it is written',
          hint: referenceHint,
        },
      ]
    : [];
  if (!text.includes('$$SCONE::')) return misspelt;
  const unclosed = unclosedAt(text);
  const raw = resolvedParts(text, secrets).filter(
    (resolved) => isRaw(resolved) && !(anyBytes && resolved.escape === undefined),
  );
  return [
    ...misspelt,
    ...(unclosed === undefined
      ? []
      : [
          {
            path,
            what: 'a placeholder that is not closed',
            rule: `has a placeholder that is not closed, and would stay as it is: ${openPlaceholder(text, unclosed)}`,
            hint: 'close it with two dollars: $$SCONE::name$$',
          },
        ]),
    ...raw.map(({ secret }) => ({
      path,
      what: `the bytes of the secret ${secret.name} in a text`,
      rule: `puts the bytes of the ${secret.kind ?? 'imported'} secret ${secret.name} where only text can be`,
      hint: `write ${textForm(secret)}`,
    })),
  ];
}

/** What the placeholders stand for; nothing where `checkText` had to say something. */
function resolvedParts(text: string, secrets: readonly CompleteSecret[]): Resolved[] {
  try {
    return closedParts(text).flatMap((part) => ('secret' in part ? [resolveReference(part, secrets)] : []));
  } catch (error) {
    if (error instanceof SconeError) return [];
    throw error;
  }
}

function closedParts(text: string): Part[] {
  return parsePlaceholders(text.slice(0, unclosedAt(text)));
}
