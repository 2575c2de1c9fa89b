import type { Part } from './placeholders.ts';
import type { Path, Problems } from './problems.ts';
import { isRaw, resolveReference } from './secret-text.ts';
import type { SessionSecret } from './types.ts';

/** Every placeholder must be one, its secret known, and its bytes allowed in that place. */
export function checkParts(
  path: Path,
  parse: () => Part[],
  secrets: readonly SessionSecret[],
  anyBytes: boolean,
  problems: Problems,
): void {
  for (const part of problems.attempt(path, parse) ?? []) {
    if (!('secret' in part)) continue;
    const resolved = problems.attempt(path, () => resolveReference(part, secrets));
    if (resolved === undefined || !isRaw(resolved)) continue;
    if (anyBytes && resolved.escape === undefined) continue;
    problems.error(path, `puts the bytes of the binary secret ${resolved.secret.name} where only text can be`, {
      hint: `write $$SCONE::${resolved.secret.name}:hex$$ or :base64`,
    });
  }
}
