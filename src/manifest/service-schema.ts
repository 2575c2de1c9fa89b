import { z } from 'zod';
import {
  absolutePath,
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
import { buildKinds, secretKinds } from './service.ts';

/** `genservice`, and the names it had in 2022. */
export const serviceKinds = ['genservice', 'genAppImage', 'genImage'] as const;

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?)';
const imageName = new RegExp(`^(?:${host}/)?${component}(?:/${component})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$`);

const userPattern = /^[0-9]{1,9}(?::[0-9]{1,9})?$/;

const volume = z.strictObject({
  name: text({ description: 'name of the volume' }),
  path: text({ description: 'where it is mounted' }),
  export: optional(anything({ description: 'sessions that may use it' })),
  import: optional(anything({ description: 'volume of another session' })),
});

const build = z
  .strictObject({
    name: textLike(
      /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
      'may only have letters, digits and _ - . and starts with one of the first two',
      {
        description: 'name of the service',
        example: 'python_hello_user',
      },
    ),
    kind: z.enum(buildKinds).meta({ description: 'engine of the program', example: 'python' }),
    to: textLike(imageName, 'must be the name of an image: [host[:port]/]path[:tag], the path in lower case', {
      description: 'name of the image to make',
      example: 'registry.example.org/hello/python_hello_user:latest',
    }),
    command: text({ description: 'program and arguments', example: 'python3 print_env.py' }),
    pwd: optional(absolutePath({ description: 'working directory', example: '/python' })),
    copy: optionalList(text({ description: 'file or folder' }), {
      description: 'files and folders beside the manifest to copy into the image',
    }),
    requirements: optional(text({ description: 'requirements file of pip' })),
    run: optionalList(text({ description: 'command' }), { description: 'commands to run while the image is built' }),
    from: optional(
      textLike(/^\S+$/, 'must be the name of a base', {
        description: 'base of the image',
        example: 'debian:bookworm',
      }),
    ),
    user: optional(
      textLike(userPattern, 'must be a user id, or user id:group id, in numbers', {
        description: 'user the program runs as',
        example: '65532:65532',
      }),
    ),
    binaries: optionalList(text({ description: 'path of a program' }), { description: 'programs to protect' }),
    dirs: optionalList(text({ description: 'folder' }), { description: 'folders to encrypt' }),
    fs_dirs: optionalList(text({ description: 'folder' }), { description: 'folders with integrity only' }),
    fs_files: optionalList(text({ description: 'file' }), { description: 'files with integrity only' }),
    plains: optionalList(text({ description: 'folder' }), { description: 'folders without protection' }),
    plain_files: optionalList(text({ description: 'file' }), { description: 'files without protection' }),
    host_paths: optionalList(text({ description: 'path' }), { description: "paths of the host's file system" }),
    volumes: optionalList(volume, { description: 'volumes of the service' }),
    stable: optional(text({ description: 'image of the latest stable release' })),
    signature: optional(
      z.strictObject({
        key: optional(text({ description: 'file of the signing key' })),
        sign: optional(flag({ description: 'has no effect: images are always signed' })),
      }),
    ),
    gen_policy: optional(z.strictObject({ policy: optional(text({ description: 'file of a policy template' })) })),
    binarfs: optional(anything({ description: 'of 2022; nothing uses it' })),
    host_path: optional(anything({ description: 'an old misspelling of host_paths, without effect' })),
  })
  .meta({ description: 'how to build the image' });

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
  path: absolutePath({ description: 'where the program finds the file', example: '/etc/app/password' }),
  content: text({ description: 'text of the file' }).nullable(),
});

const secret = z.strictObject({
  name: plainName({ description: 'name of the secret', example: 'password' }),
  kind: z.enum(secretKinds).meta({ description: 'kind of the secret', example: 'ascii' }),
  size: optional(
    textLike(/^[1-9][0-9]{0,4}$/, 'must be a number from 1 to 99999', {
      description: 'length in characters (ascii) or bytes (binary)',
      example: '20',
    }),
  ),
  value: optional(text({ description: 'the value, where it is not generated' })),
  key_type: optional(
    z.enum(['P-256', 'P-384', 'Ed25519', 'RSA-2048', 'RSA-3072']).meta({ description: 'kind of key' }),
  ),
  private_key: optional(text({ description: 'secret that holds the private key' })),
  issuer: optional(text({ description: 'secret that holds the issuer' })),
  common_name: optional(text({ description: 'common name' })),
  dns: optional(oneOrMore({ description: 'DNS names' })),
  endpoint: optional(z.enum(['server', 'client']).meta({ description: 'what the certificate is for' })),
  valid_for: optional(text({ description: 'life of the certificate', example: '90 days' })),
  export_public: optional(flag({ description: 'whether everybody may read it' })),
  migrate: optional(flag({ description: 'whether the key survives an update' })),
  tenant_id: optional(text({ description: 'tenant' })),
  client_id: optional(text({ description: 'client' })),
  application_secret: optional(text({ description: 'secret of the application' })),
  certificate_thumbprint: optional(text({ description: 'thumbprint of the certificate' })),
});

const secrets = z.strictObject({
  global: optionalList(secret, { description: 'secrets this service defines' }),
  import: optionalList(plainName({ description: 'name of a secret' }), {
    description: 'names of secrets that another service of the mesh defines',
  }),
});

/** Service manifests, as section (a) of the language has them; every field, old spellings too. */
export const serviceSchema = z.strictObject({
  apiVersion,
  kind: z.enum(serviceKinds).meta({ description: 'what this file is', example: 'genservice' }),
  build,
  environment: optional(environment.meta({ description: 'variables of the program' })),
  injection_files: optionalList(injectionFile, { description: 'files that only the program sees' }),
  secrets: optional(secrets.meta({ description: 'secrets that the CAS keeps' })),
  requirements: optional(text({ description: 'requirements file of pip' })),
  env: optional(anything({ description: 'variables, as drafts of 2022 had them' })),
});
export type ParsedService = z.infer<typeof serviceSchema>;
