import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { type JsonSchema, noted } from '../../scripts/docs/json-schema.ts';
import { text } from '../../test/support/schema-values.ts';
import { SconeError } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import { readSessionSource } from '../manifest/session-source.ts';
import { readYaml } from '../manifest/yaml.ts';
import { sessionBytes } from './canonical.ts';
import { placeholderPattern } from './fields.ts';
import { normaliseCompleteSession, parseCompleteSession } from './parse.ts';
import { renderSessionYaml } from './render.ts';
import { sessionSchema } from './schema.ts';

const ajv = new Ajv2020({ strict: false });
type Value = { [name: string]: unknown };

const certificate = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUfqS9U9QFUYU1WmctqNu7f07bRMswCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGY2xpZW50MCAXDTI2MTEyMzA2MjQ0N1oYDzIxMjYxMDMwMDYy
NDQ3WjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAROSl0kY0SrddZb3ZAazJGhh7l457x9iDl5yID0kXiYicMzG9+y1W7FuN/l1b1X
8UR5GpMbv6aKajo9FtalwTSvo1MwUTAdBgNVHQ4EFgQUIhrRYNele444cw8uxM0q
hQxlcHcwHwYDVR0jBBgwFoAUIhrRYNele444cw8uxM0qhQxlcHcwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAs+6zr5jZmZBjiLLLu4ixAQGarbDH
95ZTF5ZoM47CgWQCIBTsw9LFgHXK/VBes4VWOL3Mp2jog0CIz2+1zOZu0CAh
-----END CERTIFICATE-----
`;
const publicKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAOsufQ7RCOXueVLQBpk7Y44GAaj+LzPbmHfdr/TPdlrE=
-----END PUBLIC KEY-----
`;
/** For forms that no generator meets: checksums, PEM, what looks ahead. */
const examples = [
  'CREATOR',
  'MJvTR54vVi1nXrybbnESnEPU3MX4ze4VSBpBkUyNf3gktqFpdy',
  '3s1pm8W6Be6cxvAQRbRP5YXd9YuERAr7KswN97uGtoPkRW87x1',
  certificate,
  publicKey,
  '/a',
  '/a/b c/',
  '/a/b c',
  '/session=a/b',
  'h:8081/cas_key=k,session=a',
  'ab'.repeat(32),
  'local-attestation-trust-cas-tcb',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  'INTEL-SA-00586',
  '00ff',
  'a/b',
];
const keyForms = /BEGIN|HJ-NP|\(\?[=!]/;

/** Texts of a form. Of a placeholder, one for the secret that every generated session has. */
function matching(pattern: string): fc.Arbitrary<string> {
  const own = pattern
    .replaceAll(`|${placeholderPattern.source}`, '')
    .replaceAll(`|(?:${placeholderPattern.source})`, '');
  const placeholders = own === pattern && pattern !== placeholderPattern.source ? [] : [fragment];
  if (own === placeholderPattern.source) return fc.constant(fragment);
  const form = new RegExp(own, 'u');
  const digits = /\{(32|64)\}/.exec(own)?.[1];
  if (digits !== undefined) {
    const hex = [...['0a', 'F9'].map((pair) => pair.repeat(Number(digits) / 2)), `INTEL_QE_ID:${'0A'.repeat(16)}`, '~'];
    return fc.constantFrom(...hex.filter((one) => form.test(one)), ...placeholders);
  }
  if (!keyForms.test(own)) {
    const free = fc.stringMatching(form).filter((one) => !/[$\p{C}]/u.test(one));
    return placeholders.length === 0 ? free : fc.oneof({ arbitrary: free, weight: 4 }, fc.constant(fragment));
  }
  assert.ok(
    examples.some((one) => form.test(one)),
    `no example is like ${own}`,
  );
  // A signer is a key of its own kind, and no certificate of another.
  const fitting = examples.filter((one) => form.test(one) && (!own.includes('{30,120}') || one === publicKey));
  return fc.constantFrom(...fitting, ...placeholders);
}
const fragment = '$$SCONE::fragment$$';

/** Any value that a schema allows, as our reader gives it: every scalar a text. */
function valueOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.not !== undefined) return fc.constant(null);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valueOf));
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'boolean');
  switch (types[0]) {
    case 'string':
      if (schema.pattern !== undefined) return matching(schema.pattern);
      return schema.minLength === undefined ? text : text.filter((one) => one !== '');
    case 'null':
      return fc.constant(null);
    case 'array': {
      const list = fc.array(valueOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 2 });
      return schema.allOf === undefined ? list : list.filter(ajv.compile({ allOf: schema.allOf }));
    }
    case 'object':
      return mapOf(schema);
    default:
      return fc.constant('true');
  }
}

function mapOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const [group] = Object.entries(schema.patternProperties ?? {});
  if (group !== undefined) {
    const key = fc.constantFrom('require-all', 'require-at-least-1');
    return fc.tuple(key, valueOf(group[1])).map(([name, members]) => ({ [name]: members }));
  }
  const members = Object.entries(schema.properties ?? {});
  if (members.length === 0) return fc.dictionary(fc.constantFrom('A', 'NO', '0644', 'x y'), text, { maxKeys: 2 });
  const arbitraries = Object.fromEntries(members.map(([name, member]) => [name, valueOf(member)]));
  const some = fc.record(arbitraries, { requiredKeys: schema.required ?? [] });
  if (schema.allOf === undefined) return some;
  const rules = new Rules(schema.allOf);
  // Made once: few of them are needed.
  const spares = members.map(([name, member]): [string, unknown[]] => [
    name,
    fc.sample(valueOf(something(member)), { numRuns: 4, seed: 1 }),
  ]);
  const spare = (choice: number): Value =>
    Object.fromEntries(spares.map(([name, values]) => [name, structuredClone(values[choice % values.length])]));
  return fc
    .tuple(some, fc.nat())
    .map(([value, choice]) => rules.mend({ ...value }, spare(choice), choice))
    .filter((value) => rules.hold(value));
}

/** A schema without the alternative of nothing. */
function something(schema: JsonSchema): JsonSchema {
  return schema.anyOf === undefined ? schema : { ...schema, anyOf: schema.anyOf.filter(({ type }) => type !== 'null') };
}

/** What holds between the fields of one map. A value that does not hold is mended, so that few have to be thrown away. */
class Rules {
  private readonly rules: readonly JsonSchema[];
  private readonly checks = new Map<JsonSchema, ValidateFunction>();

  constructor(rules: readonly JsonSchema[]) {
    this.rules = rules;
  }

  hold(value: Value): boolean {
    return this.rules.every((rule) => this.check(rule, value));
  }

  /** @param spare a value with every field, from which missing ones are taken */
  mend(value: Value, spare: Value, choice: number): Value {
    for (let round = 0; round < 4 && !this.hold(value); round++) {
      for (const rule of this.rules) this.fix(rule, value, spare, choice);
    }
    return value;
  }

  private check(rule: JsonSchema, value: Value): boolean {
    const check = this.checks.get(rule) ?? ajv.compile(rule);
    this.checks.set(rule, check);
    return check(value);
  }

  private fix(rule: JsonSchema, value: Value, spare: Value, choice: number): void {
    if (this.check(rule, value)) return;
    const { then, not, allOf = [], anyOf, oneOf, required = [], properties = {} } = rule;
    if (then !== undefined) this.fix(then, value, spare, choice);
    for (const one of allOf) this.fix(one, value, spare, choice);
    if (not !== undefined) {
      const names = [not, ...(not.allOf ?? [])].flatMap((one) => one.required ?? []);
      delete value[names[choice % names.length] ?? ''];
    }
    const alternatives = oneOf ?? anyOf ?? [];
    const chosen = alternatives[choice % Math.max(1, alternatives.length)];
    if (oneOf !== undefined) {
      for (const other of oneOf) if (other !== chosen) for (const name of namesOf(other)) delete value[name];
    }
    if (chosen !== undefined) this.fix(chosen, value, spare, choice);
    for (const name of required) if ((value[name] ?? null) === null) value[name] = spare[name];
    for (const [name, member] of Object.entries(properties)) {
      if (value[name] === undefined || this.check({ properties: { [name]: member } }, value)) continue;
      const better = [spare[name], ...examples].find(
        (one) => one !== undefined && this.check({ properties: { [name]: member } }, { [name]: one }),
      );
      if (better === undefined || member.type === 'null') delete value[name];
      else value[name] = better;
    }
  }
}

function namesOf(rule: JsonSchema): string[] {
  return [rule, ...(rule.anyOf ?? []), ...(rule.allOf ?? [])].flatMap(({ required = [] }) => required);
}

/** Names that a session refers to exist in it, and no name exists twice: what no schema says and any author does. */
function connect(session: Value): Value {
  const connected = structuredClone(session) as { [list: string]: Value[] | undefined } & Value;
  const secrets = connected['secrets'] ?? [];
  for (const list of ['services', 'secrets', 'images', 'volumes']) {
    (connected[list] as Value[] | null | undefined)?.forEach((entry, index) => {
      entry['name'] = list === 'secrets' || list === 'services' ? `n${index}` : `${String(entry['name'])}${index}`;
    });
  }
  for (const secret of secrets) {
    for (const [field, name] of [
      ['private_key', 'key'],
      ['issuer', 'ca'],
      ['signer', 'key'],
    ] as const) {
      const given = secret[field] ?? null;
      if (typeof given === 'string' && !given.includes('BEGIN')) secret[field] = name;
    }
    const vault = secret['import_akv'] as Value | null | undefined;
    if (vault?.['token'] !== undefined) vault['token'] = '$$SCONE::token$$';
    if (vault?.['decryption_key'] !== undefined) vault['decryption_key'] = '$$SCONE::bytes$$';
    if (vault && vault['token'] === undefined) vault['token'] = '$$SCONE::token$$';
  }
  connected['secrets'] = [
    ...secrets,
    { name: 'fragment', import: { session: 'other' } },
    { name: 'key', kind: 'private-key', key_type: 'P-384' },
    { name: 'ca', kind: 'x509-ca', private_key: 'key' },
    { name: 'token', kind: 'aad-token', tenant_id: 't', client_id: 'c', application_secret: 's' },
    { name: 'bytes', kind: 'binary', size: '32' },
  ];
  const volumes = ((connected['volumes'] as Value[] | null) ?? []).map(({ name }) => name);
  const images = connected['images'] ?? [];
  for (const image of images) {
    const mounts = ((image['volumes'] as Value[] | null) ?? []).slice(0, volumes.length);
    mounts.forEach((mount, index) => Object.assign(mount, { name: volumes[index], path: `/v${index}` }));
    if (image['volumes'] !== undefined) image['volumes'] = mounts;
    if (image['provide_secrets'] !== undefined) image['provide_secrets'] = ['fragment'];
    const files = (image['injection_files'] as unknown[] | null | undefined) ?? [];
    files.forEach((file, index) => {
      if (typeof file === 'object' && file !== null) Object.assign(file, { path: `/f${index}` });
    });
    if (typeof files[0] === 'string' && files[0] === files[1]) files.pop();
  }
  for (const service of (connected['services'] as Value[] | null) ?? []) {
    if (service['image_name'] !== undefined) service['image_name'] = images[0]?.['name'] ?? null;
    // A quote opens what only another one closes.
    if (typeof service['command'] === 'string') service['command'] = `app ${service['command'].replace(/["']/g, '')}`;
    if ((service['attestation'] ?? null) === null && (service['mrenclaves'] ?? null) === null)
      service['attestation'] = [];
  }
  return connected;
}

/** Refusals that are left, because a schema cannot say it and no author is known to need it. */
const left: readonly [rule: RegExp, why: string][] = [[/is less than isvsvn_min/, 'one number is less than another']];

const sessions = valueOf(noted(sessionSchema)).map((value) => connect(value as Value));

test('52: what the session schema generates survives YAML as it is', () => {
  fc.assert(
    fc.property(sessions, (value) => {
      const yaml = stringify(value, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });
      const read = readYaml(yaml, 'f.yml', 'E_SESSION').value;
      assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(value)), yaml);
    }),
    { numRuns: 40 },
  );
});

test('what the session schema generates is read, written in JSON and YAML, and read again as the same model', () => {
  let accepted = 0;
  let all = 0;
  fc.assert(
    fc.property(sessions, (value) => {
      const yaml = stringify(value, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });
      all++;
      try {
        survives(yaml);
        accepted++;
      } catch (error) {
        if (!(error instanceof SconeError) || error.code === 'E_INTERNAL') throw error;
        for (const { message } of error.errors) {
          assert.ok(
            left.some(([rule]) => rule.test(message)),
            `${message} in\n${yaml}`,
          );
        }
      }
    }),
    { numRuns: 120 },
  );
  assert.ok(accepted >= all * 0.95, `${accepted} of ${all} were read`);
});

/** Reads a session, writes what was read in both ways, and reads that: the same bytes. */
function survives(yaml: string): void {
  const { session } = parseCompleteSession(readSessionSource(yaml, 'f.yml', new Map()), { salt: '00'.repeat(16) });
  const bytes = sessionBytes(session);
  assert.deepEqual(sessionBytes(normaliseCompleteSession(parseJson(bytes))), bytes);
  const rendered = renderSessionYaml(session);
  const again = parseCompleteSession(readSessionSource(rendered, 'f.yml', new Map())).session;
  assert.deepEqual(sessionBytes(again), bytes, rendered);
}
