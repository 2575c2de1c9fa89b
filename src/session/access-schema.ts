import { z } from 'zod';
import type { FieldNote } from '../language/field-note.ts';
import { matching, placeholderPattern, shapes, text, words } from './fields.ts';
import { never, some } from './rules.ts';

/** What an entry of an access list looks like; whether it is a key is seen when it is read. */
const clientPattern = new RegExp(
  `^(?:CREATOR|ANY|NONE|[1-9A-HJ-NP-Za-km-z]{40,60})$|-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----|${placeholderPattern.source}`,
);
const signerPattern = /^[1-9A-HJ-NP-Za-km-z]{30,120}$|-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----/;
export const groupPattern = /^require-(?:all|at-least-([1-9][0-9]{0,3}))$/;

const client = matching(clientPattern, 'is no entry of an access list', {
  description: 'CREATOR, ANY or NONE alone, a key hash, a certificate in PEM, or a placeholder',
});
const signer = z.strictObject({
  signer: matching(signerPattern, 'is no public key', {
    description: 'public key (Ed25519 or P-384) whose signature counts',
    since: '0.3.10',
    support: 'refused',
  }),
});

/** ANY and NONE stand alone. */
const list = (entries: readonly z.ZodType[]) =>
  z
    .array(z.union(entries as [z.ZodType]))
    .min(1)
    .meta({ also: { allOf: [some({ maxItems: 1 }, never({ contains: { enum: ['ANY', 'NONE'] } }))] } });

/** Groups hold groups; as deep as this, each is described. */
const described = 3;

function group(depth: number): z.ZodType {
  return z.looseObject({}).meta({
    description: 'require-all or require-at-least-N with a list of such entries',
    since: '0.3.10',
    support: 'refused',
    also: { minProperties: 1, maxProperties: 1, additionalProperties: false },
    patterns: {
      [groupPattern.source]: () => list(depth === 0 ? [client, signer] : [client, signer, group(depth - 1)]),
    },
  });
}

/** Signatures and groups decide over changes only. */
function operation(note: FieldNote, changes: boolean) {
  return shapes(note, () => {
    const entries = changes ? [client, signer, group(described)] : [client];
    return [...entries, list(entries)];
  }).optional();
}

export const accessPolicySchema = z.strictObject({
  read: operation(
    { description: 'who may read the session, its generated values excepted', default: 'CREATOR' },
    false,
  ),
  update: operation({ description: 'who may replace the session', default: 'CREATOR' }, true),
  create_sessions: operation(
    { description: 'who may create sessions below this one', default: 'as update', since: '0.3.5' },
    true,
  ),
  list_sessions: operation(
    {
      description: 'who may list the sessions below this one',
      default: 'as read',
      since: '0.3.12',
      support: 'refused',
    },
    false,
  ),
});

/** Who created a session, as it stands in the file. */
export const creatorSchemas = () => [
  words({
    description: 'key hash or certificate',
  }).regex(
    new RegExp(`^[1-9A-HJ-NP-Za-km-z]{40,60}$|-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----`),
    'is no key hash and no certificate',
  ),
  z.strictObject({
    signer: z
      .union([text.regex(signerPattern), z.array(text.regex(signerPattern)).min(1)])
      .meta({ description: 'public keys that signed it', support: 'refused' }),
  }),
];
