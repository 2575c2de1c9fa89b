import { z } from 'zod';
import { accessPolicySchema, groupPattern } from './access-schema.ts';
import type { AccessEntry, CompleteSecret, CompleteSession } from './complete.ts';
import { text } from './fields.ts';
import { checkFragment, isFragment, structured, unresolvable } from './fragment.ts';
import { clientKeyHash, signerKey } from './key-entry.ts';
import type { Path, Problems } from './problems.ts';

/** A list, or its only entry: a text, or a map where several have to agree (language, c.7). */
const accessList = z.union(
  [z.string(), z.array(z.unknown()).min(1, 'is empty; to allow nobody, write NONE'), z.looseObject({})],
  { error: 'must be a list of CREATOR or key hashes, or ANY or NONE alone' },
);
const signerSchema = z.strictObject({ signer: text });
/** What a placeholder in a list of clients may hold. */
const clientKinds = ['ascii', 'x509', 'x509-ca', 'config-fragment'];

export function normaliseAccess(
  given: unknown,
  secrets: readonly CompleteSecret[],
  problems: Problems,
): CompleteSession['access_policy'] {
  const path = ['access_policy'];
  if (isFragment(given)) {
    checkFragment(given, path, secrets, problems, structured);
    return given;
  }
  const policy = given === undefined || given === null ? {} : (problems.check(accessPolicySchema, given, path) ?? {});
  const operation = (name: keyof typeof policy): AccessEntry[] | undefined => {
    const list = policy[name];
    if (list === undefined || list === null) return undefined;
    const at = [...path, name];
    const given = problems.check(accessList, list, at);
    const entries = new Entries(name, secrets, problems);
    return Array.isArray(given) ? entries.list(given, at) : given === undefined ? [] : entries.entry(list, at, 1);
  };
  const read = operation('read') ?? ['CREATOR'];
  const update = operation('update') ?? ['CREATOR'];
  const list = operation('list_sessions');
  return {
    read,
    update,
    create_sessions: operation('create_sessions') ?? [...update],
    ...(list === undefined ? {} : { list_sessions: list }),
  };
}

/** The entries of one operation. */
class Entries {
  private readonly operation: string;
  private readonly secrets: readonly CompleteSecret[];
  private readonly problems: Problems;

  constructor(operation: string, secrets: readonly CompleteSecret[], problems: Problems) {
    this.operation = operation;
    this.secrets = secrets;
    this.problems = problems;
  }

  list(entries: readonly unknown[], path: Path): AccessEntry[] {
    return entries.flatMap((entry, index) => this.entry(entry, [...path, index], entries.length));
  }

  entry(entry: unknown, at: Path, among: number): AccessEntry[] {
    const normal = typeof entry === 'string' ? this.client(entry, at, among) : this.group(entry, at);
    return normal === undefined ? [] : [normal];
  }

  private client(entry: string, at: Path, among: number): AccessEntry | undefined {
    if (entry === 'CREATOR') return entry;
    if (entry === 'ANY' || entry === 'NONE') {
      if (among > 1) this.problems.error(at, `is ${entry}, which must stand alone`);
      return entry;
    }
    if (isFragment(entry)) {
      const reason = unresolvable(entry, this.secrets, clientKinds);
      if (reason !== undefined) {
        this.problems.warning(at, `admits nobody: ${reason}`, {
          hint: 'define that secret, or remove the entry: who counts on it is locked out',
        });
      }
      return entry;
    }
    return this.problems.attempt(at, () => clientKeyHash(entry, 'the entry'));
  }

  private group(entry: unknown, at: Path): AccessEntry | undefined {
    const [key, ...others] = typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
    const least = groupPattern.exec(key ?? '');
    if (key === undefined || others.length > 0 || (key !== 'signer' && least === null)) {
      this.problems.error(at, 'is no entry of an access list', {
        expected: 'CREATOR, a key hash, a certificate, {signer: …}, {require-all: […]} or {require-at-least-N: […]}',
      });
      return undefined;
    }
    // Reading goes over TLS, where nobody signs anything (language, c.7).
    if (this.operation === 'read' || this.operation === 'list_sessions') {
      this.problems.error(at, `is ${key}, which has no meaning for ${this.operation}`, {
        hint: 'name clients by key hash or certificate',
      });
      return undefined;
    }
    if (key === 'signer') {
      const checked = this.problems.check(signerSchema, entry, at);
      const signer = checked && this.problems.attempt([...at, key], () => signerKey(checked.signer, 'the signer'));
      return signer === undefined ? undefined : { signer };
    }
    const members = (entry as { [key: string]: unknown })[key];
    const inside = Array.isArray(members) ? this.list(members, [...at, key]) : [];
    const needed = Number(least?.[1] ?? 1);
    if (!Array.isArray(members) || members.length < needed) {
      this.problems.error(
        [...at, key],
        `must be a list of at least ${needed === 1 ? 'one entry' : `${needed} entries`}`,
      );
    }
    return { [key]: inside };
  }
}
