import { z } from 'zod';
import { weaknesses } from '../language/vocabulary.ts';
import {
  anyImage,
  apiVersion,
  choice,
  flag,
  oneOrMore,
  optional,
  optionalList,
  shapes,
  text,
  textLike,
  textReadAs,
  variableName,
  variableValue,
} from './fields.ts';
import { casRoles, uploadModes } from './meshfile.ts';
import { tolerancePattern } from './tolerance.ts';

// Sessions may have "~" in their names. Not those of a mesh: their names stand in init data, which cannot hold it.
const segment = '[A-Za-z0-9_.-]{1,128}';
const namespace = textLike(
  new RegExp(`^${segment}(?:/${segment})*$`),
  'must be names of letters, digits and _ - ., with "/" between them',
  { description: 'namespace of the sessions on the CAS', example: 'myPythonApp' },
);

const port = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
/** Host or host:port. */
export const addressPattern = new RegExp(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::(${port}))?$`);

/** Base58 of 37 bytes. */
export const keyHashPattern = /^[1-9A-HJ-NP-Za-km-z]{47,52}$/;

/** Several of these words with commas between; blanks, and commas too many, mean nothing. */
function commaList(word: string): RegExp {
  return new RegExp(`^\\s*(?:(?:${word})\\s*)?(?:,\\s*(?:(?:${word})\\s*)?)*$`);
}

const cas = z.strictObject({
  name: optional(text({ description: 'name or role of the CAS', example: 'cas', default: 'cas' })),
  alias: optionalList(choice(casRoles, { description: 'role', example: 'attestation' }), {
    description: 'further roles',
  }),
  cas_url: textReadAs(addressPattern, {
    description: 'address of the CAS: host or host:port (8081 where none is given)',
    example: 'cas.scone-system',
  }),
  cas_key: optional(textReadAs(keyHashPattern, { description: 'key hash that the CAS must have, base58' })),
  tolerance: optional(textReadAs(tolerancePattern, { description: 'flags for its attestation', example: '-C -G -S' })),
  mode: optional(
    choice(uploadModes, {
      description: 'how sessions reach the CAS; only Upload is supported',
      example: 'Upload',
      default: 'Upload',
    }),
  ),
  cas_encryption_key: optional(
    textLike(/^\S+$/, 'must be one word', {
      description: 'key to encrypt sessions for the CAS, as the CAS shows it',
      support: 'refused',
    }),
  ),
});

const policy = z.strictObject({
  namespace,
  tolerate: optional(
    oneOrMore(
      { description: 'weaknesses to tolerate, with commas between', example: 'outdated-tcb' },
      commaList([...weaknesses, 'debug'].join('|')),
    ),
  ),
  ignore_advisories: optional(
    oneOrMore(
      { description: 'advisories to ignore, with commas between; "*" alone for all', example: 'INTEL-SA-00586' },
      commaList('INTEL-SA-[0-9]{5}|\\*'),
    ),
  ),
  maa: optional(text({ description: 'address of an attestation service', support: 'refused' })),
  access_policy_name: optional(text({ description: 'session to import the access policy from', support: 'refused' })),
  attestation_policy_name: optional(
    text({ description: 'session to import the attestation from', support: 'refused' }),
  ),
  security_policy_name: optional(text({ description: 'session to import the security from', support: 'refused' })),
  image_policy_namespace: optional(
    text({ description: 'namespace of the image policies', default: 'namespace', support: 'refused' }),
  ),
});

const variable = z.strictObject({ name: variableName, value: variableValue({ description: 'value of the variable' }) });
const oldVariable = z.strictObject({
  key: variableName,
  value: variableValue({ description: 'value of the variable' }),
});
const block = z.strictObject({
  service: text({ description: 'a service of the mesh, global or helm' }),
  env: optionalList(variable, { description: 'variables of this service' }),
});

/** The three shapes that entries of `env` have had. Which one is meant follows from the key it begins with. */
export const envShapes = { block, variable, oldVariable } as const;

const helmValues = shapes(
  {
    description: 'further values of the chart: a map by sub-chart, or the same as a text of YAML',
    support: 'refused',
  },
  () => [z.looseObject({}), z.string()],
).optional();

const service = z.strictObject({
  name: optional(
    textLike(new RegExp(`^${segment}$`), 'may only have letters, digits and _ - . (1 to 128 of them)', {
      description: 'name of the service in the mesh',
      example: 'pythonapp',
    }),
  ),
  image: anyImage({
    description: 'image of the service',
    example: 'registry.example.org/hello/python_hello_user:latest',
  }),
  image_policy: optional(text({ description: 'file that replaces the policy of the image', support: 'refused' })),
  image_secrets: optional(text({ description: 'file that replaces the secrets of the image', support: 'refused' })),
  env: optional(text({ description: 'file that replaces the variables of the image', support: 'refused' })),
  helm_chart: optional(text({ description: 'folder that replaces the chart of the image', support: 'refused' })),
  helm_extra_values: helmValues,
});

const extraPolicy = z.strictObject({
  name: text({ description: 'name of the session' }),
  mode: optional(choice(uploadModes, { description: 'how it reaches the CAS' })),
});

const repo = z.strictObject({
  destination: text({ description: 'where images go' }),
  push: optional(flag({ description: 'whether they are pushed', default: 'true' })),
  squash: optional(flag({ description: 'whether layers are merged', default: 'false' })),
  strip: optional(flag({ description: 'whether /scone is removed', default: 'true' })),
  config_id: optional(text({ description: 'config id of the signer' })),
  key_file: optional(text({ description: 'key of the signer' })),
});

/** Meshfiles, as section (b) of the language has them; every field, old spellings too. */
export const meshSchema = z.strictObject({
  apiVersion,
  kind: z.literal('mesh').meta({ description: 'what this file is', example: 'mesh' }),
  cas: z.array(cas).min(1, 'must have at least one entry').meta({ description: 'the CAS instances of the mesh' }),
  policy: policy.meta({ description: 'what holds for all sessions' }),
  env: optional(
    z
      .array(
        shapes({ description: 'variables of one service, or one variable for all' }, () => [
          block,
          variable,
          oldVariable,
        ]),
      )
      .meta({ description: 'variables of the mesh' }),
  ),
  services: z.array(service).min(1, 'must have at least one entry').meta({ description: 'the services of the mesh' }),
  helm_extra_values: helmValues,
  helm: optionalList(text({ description: 'a value', example: 'a.b=c' }), {
    description: 'further values of the chart, as of 2022',
    support: 'refused',
  }),
  extra_policies: optionalList(extraPolicy, { description: 'further sessions', support: 'refused' }),
  repo: optional(repo.meta({ description: 'where images are pushed', support: 'refused' })),
});
export type ParsedMesh = z.infer<typeof meshSchema>;
