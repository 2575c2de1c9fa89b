import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { noted } from '../../scripts/docs/json-schema.ts';
import { languages } from '../../scripts/docs/schemas.ts';
import { corpus, variables } from '../../test/corpus/files.ts';
import { consistentMesh, consistentService } from '../../test/support/consistent.ts';
import { beyondSchemas } from '../../test/support/manifest-rules.ts';
import { valuesOf } from '../../test/support/schema-values.ts';
import { SconeError } from '../core/errors.ts';
import { type LoadedManifest, loadManifest } from './load.ts';
import type { Meshfile, Tolerance } from './meshfile.ts';
import type { ServiceManifest } from './service.ts';

const runs = 300;

for (const [language, consistent] of [
  ['service', consistentService],
  ['mesh', consistentMesh],
] as const) {
  const { schema } = languages[language] ?? assert.fail();

  test(`any value that the ${language} schema generates survives YAML to model to YAML`, () => {
    let accepted = 0;
    const refusals: string[] = [];
    fc.assert(
      fc.property(valuesOf(noted(schema)), (value) => {
        const yaml = yamlOf(consistent(structuredClone(value) as { [field: string]: unknown }));
        try {
          survives(yaml, new Map());
          accepted++;
        } catch (error) {
          if (!(error instanceof SconeError)) throw error;
          for (const { message } of error.errors) {
            if (!beyondSchemas.some(([rule]) => rule.test(message))) refusals.push(`${message}\n${yaml}`);
          }
        }
      }),
      { numRuns: runs },
    );
    assert.deepEqual(refusals.slice(0, 5), [], 'refused, and by none of the rules between fields');
    assert.ok(accepted >= 0.95 * runs, `${accepted} of ${runs} were accepted`);
  });

  test(`every ${language} of the corpus survives YAML to model to YAML`, () => {
    for (const { text } of corpus(language)) survives(text, variables);
  });
}

function yamlOf(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });
}

/** Reads a file, writes its model in the normal form, and reads that: the two models say the same. */
function survives(yaml: string, values: ReadonlyMap<string, string>): void {
  const first = loadManifest(yaml, 'f.yml', { variables: values });
  const other = yamlOf(literally(documentOf(first)));
  const second = loadManifest(other, 'f.yml', { variables: new Map() });
  assert.deepEqual(plain(second), plain(first), other);
}

/** Dollars that are text by now. */
function literally(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, member: unknown) =>
    typeof member === 'string'
      ? member.replace(/(\$\$SCONE::.*?\$\$|\$\$)|\$(?=[A-Za-z_{])/gs, (_all, keep?: string) => keep ?? '\\$')
      : member,
  );
}

/** What a model says, without where it was said. What is not supported yet has no place in the normal form. */
function plain({ kind, manifest }: LoadedManifest): unknown {
  const { unsupported: _, ...rest } = manifest;
  return [kind, JSON.parse(JSON.stringify(rest, (key, member: unknown) => (key === 'at' ? undefined : member)))];
}

function documentOf(loaded: LoadedManifest): unknown {
  return loaded.kind === 'mesh' ? meshDocument(loaded.manifest) : serviceDocument(loaded.manifest);
}

function serviceDocument({ apiVersion, build, environment, injection_files, secrets }: ServiceManifest): unknown {
  const { commandText, argv, user, signingKey, policyTemplate, ...rest } = build;
  return {
    apiVersion,
    kind: argv.length === 0 ? 'genAppImage' : 'genservice',
    build: {
      ...rest,
      ...(argv.length === 0 ? {} : { command: commandText }),
      user: `${user.uid}:${user.gid}`,
      signature: { key: signingKey },
      gen_policy: { policy: policyTemplate },
    },
    environment,
    injection_files,
    secrets,
  };
}

const flags: { readonly [name in keyof Tolerance]: string } = {
  configurationNeeded: '-C',
  groupOutOfDate: '-G',
  swHardeningNeeded: '-S',
  debug: '--only_for_testing-debug',
  ignoreSigner: '--only_for_testing-ignore-signer',
  trustAny: '--only_for_testing-trust-any',
};

function meshDocument(mesh: Meshfile): unknown {
  return {
    apiVersion: mesh.apiVersion,
    kind: 'mesh',
    cas: mesh.cas.map(({ name, roles, url, key, tolerance, mode, encryptionKey }) => ({
      name,
      alias: roles,
      cas_url: url,
      cas_key: key,
      tolerance: Object.entries(flags)
        .filter(([flag]) => tolerance[flag as keyof Tolerance])
        .map(([, word]) => word)
        .join(' '),
      mode,
      cas_encryption_key: encryptionKey,
    })),
    policy: mesh.policy,
    env: mesh.env.map(({ scope, name, value }) => ({ service: scope, env: [{ name, value }] })),
    services: mesh.services.map(({ name, image, overrides }) => ({ name, image, ...overrides })),
    helm_extra_values: mesh.helmExtraValues,
    helm: mesh.helm,
    extra_policies: mesh.extraPolicies,
    repo: mesh.repo,
  };
}
