import { randomBytes } from 'node:crypto';
import type { ReadAnswer } from '../api/answers.ts';
import type { Cas } from '../client/cas.ts';
import { saltOf } from '../client/sessions.ts';
import { SconeError } from '../core/errors.ts';
import { readSessionSource } from '../manifest/session-source.ts';
import { sessionBytes, sessionDocument, sessionHash } from '../session/canonical.ts';
import {
  type ParsedCompleteSession,
  type ParsedSession,
  parseCompleteSession,
  parseSession,
} from '../session/parse.ts';
import type { Context, Input } from './context.ts';
import { readInput } from './input.ts';
import { lostSecrets } from './lost-secrets.ts';
import type { Outcome } from './report/reporter.ts';
import { valuesIn, variablesOf } from './variables.ts';

/** A session file that was read, and can be parsed when its salt is known. */
export interface SessionFile {
  name: string;
  parse: (salt?: string) => ParsedSession;
  /** As `parse`, with what no CAS of this version honours. */
  parseComplete: () => ParsedCompleteSession;
}

/** Reads a session in YAML or JSON, with variables. Throws `E_USAGE` where there is no such file, `E_SESSION`. */
export async function readSessionFile(
  context: Context,
  { arguments: [file = ''], options }: Input,
): Promise<SessionFile> {
  const text = await readInput(context, file);
  const source = readSessionSource(text, file, valuesIn(await variablesOf(context, options)));
  const { value } = source;
  const name = typeof value === 'object' && value !== null && !Array.isArray(value) ? value['name'] : undefined;
  return {
    name: typeof name === 'string' ? name : '',
    parse: (salt) => parseSession(source, salt === undefined ? {} : { salt }),
    parseComplete: () => parseCompleteSession(source),
  };
}

/** Sends a session of a file; `predecessor` makes it an update. */
export async function sendSession(
  context: Context,
  cas: Cas,
  file: SessionFile,
  options: Input['options'],
  known: ReadAnswer | undefined,
): Promise<Outcome> {
  const { session, values, warnings } = file.parse(saltOf(known) ?? randomBytes(16).toString('hex'));
  for (const warning of [...warnings, ...lostSecrets(known, session)]) context.reporter.warning(warning);
  demandConfidential(cas, values, options['yesNotConfidential'] === true);
  const { creator: _, predecessor: __, ...rest } = session;
  const next = known === undefined ? session : { ...rest, predecessor: known.hash };
  const { hash, index } = await cas.putSession(session.name, sessionDocument(next), values);
  return { result: { session: session.name, hash, index }, text: hash };
}

/** Explicit values go to a CAS that protects nothing only when that is said (review M20). */
export function demandConfidential(cas: Cas, values: object, saidSo: boolean): void {
  const names = Object.keys(values);
  if (names.length === 0 || cas.mode === 'production' || saidSo) return;
  throw new SconeError('E_CAS_UNTRUSTED', `explicit secret values would go to a CAS that protects nothing`, {
    found: `${names.join(', ')} for the CAS at ${cas.address}`,
    hint: 'let the CAS generate them (leave out "value"), or say --yes-not-confidential for values that are no secrets',
  });
}

/** The hash that a CAS would give a session of this client. */
export function hashOf({ session }: ParsedCompleteSession, creator: string): string {
  return sessionHash(sessionBytes({ ...session, creator: session.creator ?? creator }));
}
