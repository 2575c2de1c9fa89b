import type { Path, Problems } from './problems.ts';

/** What sessions of 0.1 and 0.2 hold, and how 0.3 says it (language, c.1). */
const changes: readonly [where: 'session' | 'service' | 'image' | 'secret', key: string, now: string][] = [
  ['session', 'digest', 'remove digest; an update names its predecessor: <hash>'],
  ['service', 'tags', 'remove tags'],
  ['image', 'tags', 'remove tags'],
  ['image', 'mrenclaves', 'move mrenclaves from the image to its services'],
];

/**
 * A session without a version, or of version 0.1 or 0.2: refused, since its keys mean other things, with what has to
 * change in this very file. Answers whether it is one.
 */
export function refuseLegacy(value: unknown, problems: Problems): boolean {
  if (!isMap(value)) return false;
  const { version } = value;
  // Without version it is 0.1; but whoever wrote nothing else of that time has forgotten the line.
  const signs = signsOf(value);
  const old =
    typeof version === 'string' ? /^0\.[12](?:\.|$)/.test(version) : version === undefined && signs.length > 0;
  if (!old) return false;
  problems.error(['version'], 'is no version of the session language that is read here', {
    expected: '0.3 to 0.3.12',
    found: typeof version === 'string' ? version : '0.1, which a session without version has',
    hint: 'write version: "0.3.12" and change what is said below; export and import are lists of maps, x509 secrets name a private_key',
  });
  for (const { path, now } of signs) problems.error(path, 'is of version 0.1 or 0.2', { hint: now });
  return true;
}

/** A session that was signed or encrypted before it is sent (language, b.7). Answers whether it is one. */
export function refuseEnvelope(value: unknown, problems: Problems): boolean {
  if (!isMap(value) || value['version'] !== undefined) return false;
  const key = ['signatures', 'encrypted_session'].find((one) => Object.hasOwn(value, one));
  if (key === undefined) return false;
  const what = key === 'signatures' ? 'a signed session' : 'an encrypted session';
  problems.notYet({ path: [key], what, hint: 'give the session itself: it is sent to an attested CAS only' });
  return true;
}

function signsOf(session: { [key: string]: unknown }): { path: Path; now: string }[] {
  const signs: { path: Path; now: string }[] = [];
  const look = (where: string, given: unknown, path: Path) => {
    if (!isMap(given)) return;
    for (const [place, key, now] of changes) {
      if (place === where && Object.hasOwn(given, key)) signs.push({ path: [...path, key], now });
    }
    if (where === 'secret') secretSigns(given, path, signs);
  };
  look('session', session, []);
  for (const [list, where] of [
    ['services', 'service'],
    ['images', 'image'],
    ['secrets', 'secret'],
  ] as const) {
    const entries = session[list];
    if (Array.isArray(entries)) entries.forEach((entry, index) => look(where, entry, [list, index]));
  }
  return signs;
}

function secretSigns(secret: { [key: string]: unknown }, path: Path, signs: { path: Path; now: string }[]): void {
  const { kind, name } = secret;
  if (kind === 'session-ca') signs.push({ path: [...path, 'kind'], now: 'write kind: x509-ca and a private_key' });
  if (
    (kind === 'x509' || kind === 'x509-ca') &&
    ['private_key', 'value', 'import'].every((key) => secret[key] === undefined)
  ) {
    signs.push({
      path,
      now: `add a secret {name: ${String(name)}_key, kind: private-key} and private_key: ${String(name)}_key`,
    });
  }
  if (typeof secret['import'] === 'string' && !secret['import'].includes('=')) {
    signs.push({
      path: [...path, 'import'],
      now: `write import: {session: ${secret['import']}, secret: ${String(name)}}`,
    });
  }
  const exports = secret['export'];
  for (const one of Array.isArray(exports) ? exports : [exports]) {
    if (typeof one !== 'string' || one.includes('=')) continue;
    signs.push({ path: [...path, 'export'], now: `write export: [{session: ${one}}]` });
  }
}

function isMap(value: unknown): value is { [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
