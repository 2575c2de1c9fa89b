import { z } from 'zod';
import { keyTypes, spanPattern, volumePolicies } from '../language/vocabulary.ts';
import {
  anything,
  apiVersion,
  choice,
  filePath,
  flag,
  folderPath,
  nameOrTemplate,
  newImage,
  oneOrMore,
  optional,
  optionalList,
  plainName,
  text,
  textLike,
  variableName,
  variableValue,
} from './fields.ts';
import { buildKinds, secretKinds } from './service.ts';

/** `genservice`, and the names it had in 2022. */
export const serviceKinds = ['genservice', 'genAppImage', 'genImage'] as const;

/** `java 8` is `java8`: the published description of the language has the blank. */
const spelledKinds = [...buildKinds, 'java 8', 'java 15', 'java 17', 'java 21'] as const;

const userPattern = /^[0-9]{1,9}(?::[0-9]{1,9})?$/;
/** Root is refused with words of its own, in `service-manifest.ts`. */
const notRoot = { pattern: userPattern.source.replace('^', '^(?!0+(?::|$))'), not: { const: 0 } };

const hash = { description: 'hash that the other session must have' };
const volumeExport = z.strictObject({
  session: text({ description: 'session that may use it', example: 'partner/app' }),
  session_hash: optional(textLike(/^[0-9a-fA-F]{64}$/, 'must be a session hash in hex: 64 digits', hash)),
  update_policy: optional(
    choice(volumePolicies, { description: 'the most that the importer may do', default: 'rollback_protected' }),
  ),
  volume_alias: optional(plainName({ description: 'name under which it is imported' })),
});
const volume = z.strictObject({
  name: plainName({ description: 'name of the volume', example: 'data' }),
  path: folderPath({ description: 'where it is mounted', example: '/data' }),
  export: optionalList(volumeExport, { description: 'sessions that may use it; only for volumes defined here' }),
  import: optional(
    z
      .strictObject({
        session: text({ description: 'session that has it' }),
        volume: plainName({ description: 'its name there' }),
      })
      .meta({ description: 'it is the volume of another session' }),
  ),
});

const build = z.strictObject({
  name: textLike(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
    'may only have letters, digits and _ - . and starts with one of the first two',
    {
      description: 'name of the service',
      example: 'python_hello_user',
    },
  ),
  kind: choice(spelledKinds, {
    description: 'engine of the program; only python is built so far',
    example: 'python',
  }),
  to: newImage({
    description: 'name of the image to make',
    example: 'registry.example.org/hello/python_hello_user:latest',
  }),
  command: textLike(/\S/, 'must name a program', {
    description: 'program and arguments',
    example: 'python3 print_env.py',
  }),
  pwd: optional(folderPath({ description: 'working directory', example: '/python', default: '/' })),
  copy: optionalList(
    textLike(
      /^(?!(?:.*\/)?\.\.(?:\/|$))[^\0]+$/s,
      'must be a path that stays in the folder of the manifest, without ".."',
      {
        description: 'file or folder, named from the folder of the manifest',
        example: 'print_env.py',
      },
    ),
    { description: 'files and folders beside the manifest to copy into the image' },
  ),
  requirements: optional(text({ description: 'requirements file of pip', support: 'refused' })),
  run: optionalList(text({ description: 'command' }), {
    description: 'commands to run while the image is built',
    support: 'refused',
  }),
  from: optional(
    textLike(/^\S+$/, 'must be the name of a base', {
      description: 'base of the image; debian:bookworm, or oci:<folder> with an OCI layout',
      example: 'debian:bookworm',
      default: 'debian:bookworm',
    }),
  ),
  user: optional(
    textLike(userPattern, 'must be a user id, or user id:group id, in numbers', {
      description: 'user the program runs as; an extension',
      example: '65532:65532',
      default: '65532:65532',
    }).meta({ also: notRoot }),
  ),
  binaries: optionalList(text({ description: 'path of a program' }), {
    description: 'programs to protect',
    support: 'refused',
  }),
  dirs: optionalList(text({ description: 'folder' }), { description: 'folders to encrypt', support: 'refused' }),
  fs_dirs: optionalList(text({ description: 'folder' }), {
    description: 'folders with integrity; all have it',
    support: 'ignored',
  }),
  fs_files: optionalList(text({ description: 'file' }), {
    description: 'files with integrity; all have it',
    support: 'ignored',
  }),
  plains: optionalList(text({ description: 'folder' }), {
    description: 'folders without protection',
    support: 'refused',
  }),
  plain_files: optionalList(text({ description: 'file' }), {
    description: 'files without protection',
    support: 'refused',
  }),
  host_paths: optionalList(text({ description: 'path' }), {
    description: "paths of the host's file system",
    support: 'refused',
  }),
  volumes: optionalList(volume, { description: 'volumes of the service', support: 'refused' }),
  stable: optional(text({ description: 'image of the latest stable release', support: 'refused' })),
  signature: optional(
    z.strictObject({
      key: optional(
        text({ description: 'file of the signing key', default: 'target/identity.pem', support: 'refused' }),
      ),
      sign: optional(flag({ description: 'images are always signed', support: 'ignored' })),
    }),
  ),
  gen_policy: optional(
    z.strictObject({ policy: optional(text({ description: 'file of a policy template', support: 'refused' })) }),
  ),
  binarfs: optional(
    anything({
      description: 'of 2022; the whole image is protected',
      example: '{include-new: [/usr/lib]}',
      support: 'ignored',
    }),
  ),
  host_path: optional(
    anything({ description: 'an old misspelling of host_paths, without effect', support: 'ignored' }),
  ),
});

const localVariable = z.strictObject({
  name: variableName,
  value: variableValue({ description: 'value of the variable', example: '760M' }),
});

const globalVariable = z.strictObject({
  name: variableName,
  value: optional(text({ description: 'default, where the Meshfile says nothing' })),
});

const environment = z.strictObject({
  local: optionalList(localVariable, { description: 'variables with a fixed value' }),
  global: optionalList(globalVariable, { description: 'variables that the Meshfile sets' }),
});

const injectionFile = z.strictObject({
  path: filePath({ description: 'where the program finds the file', example: '/etc/app/password' }),
  content: text({ description: 'text of the file' }).nullable(),
});

const oldVariable = z.strictObject({
  key: optional(variableName),
  name: optional(variableName),
  value: variableValue({ description: 'value of the variable' }),
});

const later = 'refused';
const secret = z.strictObject({
  name: nameOrTemplate({ description: 'name of the secret', example: 'password' }),
  kind: choice(secretKinds, {
    description:
      'kind of the secret; only ascii and binary are made so far; changing kind or size makes a generated value anew',
    example: 'ascii',
  }),
  size: optional(
    textLike(/^[1-9][0-9]{0,4}$/, 'must be a number from 1 to 99999', {
      description: 'length in characters (ascii) or bytes (binary)',
      example: '20',
      default: '20',
    }),
  ),
  value: optional(text({ description: 'the value, where it is not generated' })),
  key_type: optional(choice(keyTypes, { description: 'private-key: kind of key', default: 'P-256', support: later })),
  private_key: optional(
    nameOrTemplate({ description: 'x509, x509-ca, aad-token: secret with the private key', support: later }),
  ),
  issuer: optional(
    nameOrTemplate({ description: 'x509, x509-ca: secret of the issuer', default: 'self-signed', support: later }),
  ),
  common_name: optional(
    text({
      description: 'x509, x509-ca: common name',
      default: 'first DNS name, or name of the secret',
      support: later,
    }),
  ),
  dns: optional(oneOrMore({ description: 'x509: DNS names', example: '"{{api_host}}"', support: later })),
  endpoint: optional(
    choice(['server', 'client'], { description: 'x509: what the certificate is for', support: later }),
  ),
  valid_for: optional(
    textLike(new RegExp(`${spanPattern.source}|\\{\\{`), 'must be a time, such as 90 days or 1 year', {
      description: 'x509, x509-ca: life of the certificate',
      example: '90 days',
      default: 'without an end',
      support: later,
    }),
  ),
  export_public: optional(flag({ description: 'whether everybody may read it', default: 'false' })),
  migrate: optional(
    flag({ description: 'private-key: whether it survives an update', default: 'false', support: later }),
  ),
  san: optional(anything({ description: 'x509: alternative names, as sessions have them', support: later })),
  export: optional(
    anything({
      description: 'who may import it, as sessions have it; services of the mesh may without it',
      support: later,
    }),
  ),
  tenant_id: optional(text({ description: 'aad-token: tenant', support: later })),
  client_id: optional(text({ description: 'aad-token: client', support: later })),
  application_secret: optional(text({ description: 'aad-token: secret of the application', support: later })),
  certificate_thumbprint: optional(text({ description: 'aad-token: thumbprint of the certificate', support: later })),
});

const secrets = z.strictObject({
  global: optionalList(secret, { description: 'secrets this service defines' }),
  import: optionalList(nameOrTemplate({ description: 'name of a secret', example: 'redis_client_cert' }), {
    description: 'names of secrets that another service of the mesh defines',
    support: later,
  }),
});

/** Service manifests, as section (a) of the language has them; every field, old spellings too. */
export const serviceSchema = z.strictObject({
  apiVersion,
  kind: z.enum(serviceKinds).meta({ description: 'what this file is', example: 'genservice' }),
  build: build.meta({ description: 'how to build the image' }),
  environment: optional(environment.meta({ description: 'variables of the program' })),
  injection_files: optionalList(injectionFile, { description: 'files that only the program sees' }),
  secrets: optional(secrets.meta({ description: 'secrets that the CAS keeps' })),
  requirements: optional(text({ description: 'old place of build.requirements', support: 'refused' })),
  env: optionalList(oldVariable, { description: 'old form of environment.local' }),
});

/** The kinds of 2022, under which an image may take its name, engine and command from its base. */
export const oldServiceKinds: readonly string[] = serviceKinds.slice(1);
export const oldServiceSchema = serviceSchema.extend({
  build: build
    .extend({
      name: optional(build.shape.name),
      kind: optional(build.shape.kind),
      command: optional(build.shape.command),
    })
    .meta({ description: 'how to build the image' }),
});
export type ParsedService = z.infer<typeof oldServiceSchema>;
