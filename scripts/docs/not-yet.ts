import type { z } from 'zod';
import { fieldsOf, noteOf } from './language.ts';
import { code, page, table } from './page.ts';
import { languages } from './schemas.ts';

/** Values of fields that are supported otherwise. */
const values: readonly [language: string, what: string, instead: string][] = [
  ['service', '`build.kind` other than `python`', "start from the program's own image later"],
  ['service', '`build.from` other than `debian:bookworm` and `oci:<folder>`', 'export the base as an OCI layout'],
  ['service', 'secrets of another kind than `ascii` and `binary`', 'give keys as `ascii` secrets with a `value`'],
  [
    'service',
    'injected files at `/etc/hosts`, `/etc/hostname`, `/etc/resolv.conf` and below `/run`, `/dev`, `/proc`, `/sys`, `/opt/scone`',
    'another path',
  ],
  ['service', 'absolute paths in `build.copy`', 'the path from the folder of the manifest'],
  ['service', 'a placeholder that is not closed (`$$SCONE::name`, of 2022)', '`$$SCONE::name$$`'],
  ['service', 'what only looks like a placeholder: `$$scone::name$$`, `$SCONE::name$`', '`$$SCONE::name$$`'],
  ['service', '`{{…}}` in the path of an injected file', 'a path that is known when the image is built'],
  ['service', '`genAppImage` and `genImage` without `build.kind` or `build.command`', 'write both'],
  ['service, mesh', '`INIT_CONTAINER1_ENABLE`, `INIT_CONTAINER2_ENABLE`', 'let the program try again'],
  ['mesh', '`cas[].cas_key` of another make of CAS', 'the key hash that `sconectl cas attest` shows'],
  ['mesh', 'more than one entry of `cas`', 'one entry with all roles in `alias`'],
  ['mesh', '`cas[].mode` other than `Upload`', '`Upload`'],
  ['mesh', 'flags of `cas[].tolerance` that name measurements, signers or keys', '`cas_key`'],
  ['mesh', '`policy.image_policy_namespace` other than the namespace', 'leave it out'],
  ['mesh', '`restartPolicy` other than `Always`', '`Always`'],
  ['session', 'secrets of another kind than `ascii` and `binary`', 'give keys as `ascii` secrets with a `value`'],
  ['session', '`security.attestation.mode` other than `hardware`', '`hardware`'],
  ['session', 'the root session `/`', 'a session with a name'],
  ['session', 'a `creator` that signs', 'upload it as a TLS client'],
  ['session', '`{signer: …}`, `{require-…: […]}` and placeholders in `access_policy`', 'key hashes or certificates'],
  ['session', 'key hashes of SCONE clients in `access_policy`', 'the certificate, or what `sconectl self show` prints'],
  ['session', 'placeholders in `attestation`, `platforms`, `security` (fragments)', 'the value itself'],
  ['session', '`mrenclave` and a signer in one variant, `isvsvn`, `isvsvn_max`', '`isvsvn_min`'],
  ['session', 'a signer without `isvsvn_min`, which admits every version', '`isvsvn_min`'],
  ['session', 'a service without `command`', '`command: [python3, app.py]`'],
  ['session', 'a placeholder that is not closed: `$$SCONE::name`', '`$$SCONE::name$$`'],
  ['session', 'what only looks like a placeholder: `$$scone::name$$`, `$SCONE::name$`', '`$$SCONE::name$$`'],
  ['session', 'an explicit value that is empty', 'leave `value` out, to have one generated'],
  [
    'session',
    'a secret as bytes in `command` or `environment`: `$$SCONE::key$$` of a binary one',
    '`$$SCONE::key:hex$$`',
  ],
  ['session', 'an injection file that is only a path', '`{path, content}`'],
];

/** Everything that is known and not honoured, in one place. */
export function notYetPage(): string {
  const fields = (support: string) =>
    Object.entries(languages).flatMap(([language, { schema }]: [string, { schema: z.ZodType }]) =>
      fieldsOf(schema)
        .filter(({ schema: field }) => noteOf(field, 'support') === support)
        .map(({ path, schema: field }) => [language, code(path), noteOf(field, 'description') ?? '']),
    );
  return page(
    'Not supported yet',
    'The languages are read as a whole; what this version cannot honour is refused by name with `E_NOT_YET`: by ' +
      '`sconectl apply` before anything is built or sent, and by a CAS when a session is created or updated. ' +
      '`sconectl check` and `sconectl session hash` take all of it; `check` says as a warning what would be refused.',
    '## Fields',
    table(['Language', 'Field', 'Meaning'], fields('refused')),
    '## Values',
    table(['Language', 'What', 'Instead'], values),
    '## Accepted and ignored',
    'Keys of older files whose loss changes nothing or makes the result safer. Each is a warning, except where every ' +
      'image has the effect anyway. Any other unknown key is an error.',
    table(
      ['Language', 'Field', 'Meaning'],
      [
        ...fields('ignored'),
        [
          'mesh',
          '`cas[].tolerance`: `--software-hardening-needed`, `--insecure-configuration`',
          'never had an effect; without them less is tolerated',
        ],
      ],
    ),
  );
}
