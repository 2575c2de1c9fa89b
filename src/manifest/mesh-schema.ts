import { z } from 'zod';
import {
  anything,
  apiVersion,
  flag,
  oneOrMore,
  optional,
  optionalList,
  plainName,
  text,
  textLike,
  variableName,
  variableValue,
} from './fields.ts';

/** How policies reach the CAS. `SignOnline` is known from scripts only. */
export const uploadModes = [
  'Upload',
  'SignedManifest',
  'EncryptedManifest',
  'NoUpload',
  'EncryptedOnly',
  'SignOnline',
] as const;

const namespace = textLike(
  /^[A-Za-z0-9_.~-]{1,128}(?:\/[A-Za-z0-9_.~-]{1,128})*$/,
  'must be names of letters, digits and _ - . ~, with "/" between them',
  { description: 'namespace of the sessions on the CAS', example: 'myPythonApp' },
);

const cas = z.strictObject({
  name: text({ description: 'name or role of the CAS', example: 'cas' }),
  alias: optionalList(text({ description: 'role', example: 'attestation' }), { description: 'further roles' }),
  cas_url: text({ description: 'address of the CAS: host or host:port', example: 'cas.scone-system' }),
  cas_key: optional(text({ description: 'key hash that the CAS must have' })),
  tolerance: optional(text({ description: 'flags for its attestation', example: '-C -G -S' })),
  mode: optional(z.enum(uploadModes).meta({ description: 'how sessions reach the CAS', example: 'Upload' })),
  cas_encryption_key: optional(text({ description: 'key to encrypt sessions for the CAS' })),
});

const policy = z.strictObject({
  namespace,
  tolerate: optional(oneOrMore({ description: 'weaknesses to tolerate', example: 'outdated-tcb' })),
  ignore_advisories: optional(oneOrMore({ description: 'advisories to ignore', example: 'INTEL-SA-00586' })),
  maa: optional(text({ description: 'address of an attestation service' })),
  access_policy_name: optional(text({ description: 'session to import the access policy from' })),
  attestation_policy_name: optional(text({ description: 'session to import the attestation from' })),
  security_policy_name: optional(text({ description: 'session to import the security from' })),
  image_policy_namespace: optional(text({ description: 'namespace of the image policies' })),
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

const service = z.strictObject({
  name: optional(plainName({ description: 'name of the service in the mesh', example: 'pythonapp' })),
  image: textLike(/^[^\s\0]+$/, 'must be the name of an image', {
    description: 'image of the service',
    example: 'registry.example.org/hello/python_hello_user:latest',
  }),
  image_policy: optional(anything({ description: 'file that replaces the policy of the image' })),
  image_secrets: optional(anything({ description: 'file that replaces the secrets of the image' })),
  env: optional(anything({ description: 'file that replaces the variables of the image' })),
  helm_chart: optional(anything({ description: 'folder that replaces the chart of the image' })),
  helm_extra_values: optional(anything({ description: 'further values of the chart' })),
});

const repo = z.strictObject({
  destination: text({ description: 'where images go' }),
  push: optional(flag({ description: 'whether they are pushed' })),
  squash: optional(flag({ description: 'whether layers are merged' })),
  strip: optional(flag({ description: 'whether build files are removed' })),
  config_id: optional(text({ description: 'config id of the signer' })),
  key_file: optional(text({ description: 'key of the signer' })),
});

/** Meshfiles, as section (b) of the language has them; every field, old spellings too. */
export const meshSchema = z.strictObject({
  apiVersion,
  kind: z.literal('mesh').meta({ description: 'what this file is', example: 'mesh' }),
  cas: z.array(cas).min(1, 'must have at least one entry').meta({ description: 'the CAS instances of the mesh' }),
  policy: policy.meta({ description: 'what holds for all sessions' }),
  env: optional(z.array(z.unknown()).meta({ description: 'variables of the mesh' })),
  services: z.array(service).min(1, 'must have at least one entry').meta({ description: 'the services of the mesh' }),
  helm_extra_values: optional(anything({ description: 'further values of the chart' })),
  helm: optional(anything({ description: 'further values of the chart, as of 2022' })),
  extra_policies: optional(anything({ description: 'further sessions' })),
  repo: optional(repo.meta({ description: 'where images are pushed' })),
});
export type ParsedMesh = z.infer<typeof meshSchema>;
