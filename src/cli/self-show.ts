import { identityPath, loadIdentity } from '../client/identity.ts';
import type { Run } from './context.ts';

/** `sconectl self show`: the key that sessions name as their creator. */
export const run: Run = async ({ home, now }) => {
  const { keyHash } = await loadIdentity(home, now);
  return {
    result: { key_hash: keyHash, identity: identityPath(home), home },
    text: `key hash  ${keyHash}\nidentity  ${identityPath(home)}`,
  };
};
