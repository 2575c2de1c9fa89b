import { z } from 'zod';
import { parseKeyHash } from '../core/digest.ts';
import type { Problems } from './problems.ts';
import type { ParsedSessionDocument } from './schema.ts';
import type { AccessPolicy } from './types.ts';

const accessList = z.union([z.string(), z.array(z.unknown()).min(1, 'is empty; to allow nobody, write NONE')], {
  error: 'must be a list of CREATOR or key hashes, or ANY or NONE alone',
});

export function normaliseAccess(policy: ParsedSessionDocument['access_policy'], problems: Problems): AccessPolicy {
  if (policy?.list_sessions !== undefined) problems.notYet(['access_policy', 'list_sessions'], 'list_sessions');
  const read = accessEntries(policy?.read, 'read', problems) ?? ['CREATOR'];
  const update = accessEntries(policy?.update, 'update', problems) ?? ['CREATOR'];
  return {
    read,
    update,
    create_sessions: accessEntries(policy?.create_sessions, 'create_sessions', problems) ?? [...update],
  };
}

function accessEntries(given: unknown, operation: string, problems: Problems): string[] | undefined {
  if (given === undefined || given === null) return undefined;
  const path = ['access_policy', operation];
  const list = problems.check(accessList, given, path);
  const entries = typeof list === 'string' ? [list] : (list ?? []);
  return entries.flatMap((entry, index) => {
    const at = [...path, index];
    if (typeof entry !== 'string') {
      problems.notYet(at, `an entry of ${operation} that is no text`, 'write CREATOR or the key hash of a client');
      return [];
    }
    if (entry.startsWith('-----BEGIN') || entry.startsWith('$$SCONE::')) {
      problems.notYet(at, `a certificate or placeholder in ${operation}`, 'write the key hash of the client');
    } else if (entry === 'ANY' || entry === 'NONE') {
      if (entries.length > 1) problems.error(at, `is ${entry}, which must stand alone`);
    } else if (entry !== 'CREATOR') {
      problems.attempt(at, () => parseKeyHash(entry, 'the entry'));
    }
    return [entry];
  });
}
