import type { CompleteSecret } from './complete.ts';
import type { Part } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import { isRaw, resolveReference, textForm } from './secret-text.ts';

/** Every placeholder must be one, its secret known, and its bytes allowed in that place. */
export function checkParts(
  path: Path,
  parse: () => Part[],
  secrets: readonly CompleteSecret[],
  anyBytes: boolean,
  problems: Problems,
): void {
  for (const part of problems.attempt(path, parse) ?? []) {
    if (!('secret' in part)) continue;
    const resolved = problems.attempt(path, () => resolveReference(part, secrets));
    if (resolved === undefined || !isRaw(resolved)) continue;
    if (anyBytes && resolved.escape === undefined) continue;
    problems.error(
      path,
      `puts the bytes of the ${resolved.secret.kind ?? 'imported'} secret ${resolved.secret.name} where only text can be`,
      {
        hint: `write ${textForm(resolved.secret)}`,
      },
    );
  }
}
