import { loadIdentity } from '../client/identity.ts';
import type { Run } from './context.ts';
import { hashOf, readSessionFile } from './session-file.ts';

/** `sconectl session hash`: without asking a CAS; this client counts as the creator. */
export const run: Run = async (context, input) => {
  const parsed = (await readSessionFile(context, input)).parseComplete();
  for (const warning of [...parsed.warnings, ...parsed.unsupported]) context.reporter.warning(warning);
  const { keyHash } = await loadIdentity(context.home, context.now);
  const hash = hashOf(parsed, keyHash);
  return { result: { session: parsed.session.name, hash }, text: hash };
};
