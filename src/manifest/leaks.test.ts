import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mesh, service } from '../../test/support/mistakes.ts';
import { SconeError } from '../core/errors.ts';
import { parseCompleteSession, parseSession } from '../session/parse.ts';
import { excerpt } from './excerpt.ts';
import { loadManifest } from './load.ts';
import { mentionsIn } from './mentions.ts';
import { notYet } from './not-yet.ts';
import { readSessionSource } from './session-source.ts';
import { readYaml } from './yaml.ts';

/** All that a command could print about a file; fails where nothing is said, since then nothing would be tested. */
function said(text: string, read: () => readonly SconeError[]): string {
  let errors: readonly SconeError[];
  try {
    errors = read();
  } catch (error) {
    assert.ok(error instanceof SconeError, String(error));
    errors = [error];
  }
  const all = errors.flatMap((error) => [error, ...error.errors]);
  assert.ok(all.length > 0, text);
  return all
    .flatMap(({ message, found, expected, hint, causes, at }) =>
      [message, found, expected, hint, ...causes].concat(at && excerpt(text, at)),
    )
    .join('\n');
}

function ofSession(text: string, parse: typeof parseSession | typeof parseCompleteSession): string {
  return said(text, () => {
    const parsed = parse(readSessionSource(text, 'f', new Map()), { salt: '00'.repeat(16) });
    return [...parsed.warnings, ...('unsupported' in parsed ? parsed.unsupported : [])];
  });
}

function ofManifest(text: string): string {
  return said(text, () => {
    const { manifest, warnings } = loadManifest(text, 'f', { variables: new Map() });
    return [...warnings, ...notYet(manifest)];
  });
}

const top = 'version: "0.3.12"\nname: a/b\n';
const token = 'kind: aad-token, tenant_id: t, client_id: c, certificate_thumbprint: x';
const key = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgprecious';

const sessions: readonly string[] = [
  // A key whose BEGIN line was forgotten, and one that could be a name.
  `secrets:\n- {name: t, ${token}, private_key: "${key}/k="}\n`,
  `secrets:\n- {name: t, ${token}, private_key: ${key}}\n`,
  `secrets:\n- {name: t, ${token}, private_kye: ${key}}\n`,
  'secrets:\n- {nmae: t, kind: aad-token, tenant_id: t, client_id: c, application_secret: precious}\n',
  'secrets:\n- {name: t, kind: ascii, value:precious}\n',
  'secrets:\n- {name: t, kind: ascii, value precious}\n',
  'secrets:\n- name: t\n  kind: ascii\n  value: *precious\n',
  'secrets:\n- name: t\n  kind: ascii\n  value: !precious\n',
  'secrets:\n- name: t\n  kind: ascii\n  value: "x\\Uprecious"\n',
  'secrets:\n- name: t\n  kind: ascii\n  value: "x" precious\n',
  'secrets:\n- name: t\n  kind: ascii\n  value: |x precious\n',
  'secrets:\n- name: t\n  kind: ascii\n  value: |\n    import:\n    precious\u0007\n',
  'secrets:\n- name: t\n  kind: ascii\n  value: "a${x precious}"\n',
  'secrets:\n- {name: t, import_akv: {vault: v, token: precious, decryption_key: precious}}\n',
  'salt: precious\n',
  'services:\n- {name: p, command: [p], attestation: [], fspf_path: /f, fspf_tag: x, fspf_key: precious}\n',
  'services:\n- {name: p, command: [p], attestation: [], one_time_password_shared_secret: precious}\n',
  'security: {service_access_token: precious}\n',
  'security: {service_access_token: [precious]}\n',
  'volumes: [{name: v, fspf_key: precious, fspf_tag: x}]\n',
  // Placeholders whose end was forgotten, and what then follows.
  'images: [{name: i, injection_files: [{path: /f, content: "a: $$SCONE::w\\nliteral: precious"}]}]\n',
  'images: [{name: i, injection_files: [{path: /f, content: "$$SCONE::w:precious@h"}]}]\n',
  'images: [{name: i, injection_files: [{path: /f, content: "$$SCONE::w\\nprecious: $$SCONE::w$$"}]}]\n',
  'images: [{name: i, injection_files: [{path: /f, content: "$$SCONE::w:precious@$$SCONE::w$$"}]}]\n',
];

test('56: whatever is wrong with a session, nothing that is said about it repeats a secret', () => {
  for (const lines of sessions) {
    for (const parse of [parseSession, parseCompleteSession]) {
      assert.doesNotMatch(ofSession(top + lines, parse), /precious/, lines);
    }
  }
});

test('56: whatever is wrong with a manifest, nothing that is said about it repeats a secret', () => {
  const secrets = (entry: string) => service.replace('- name: password\n', () => `${entry}\n    - name: password\n`);
  const files = (content: string) => `${service}injection_files:\n- {path: /f, content: "${content}"}\n`;
  for (const text of [
    secrets(`- {name: t, ${token}, private_key: "${key}/k="}`),
    secrets(`- {name: t, ${token}, private_key: ${key}}`),
    secrets('- {nmae: t, kind: aad-token, tenant_id: t, client_id: c, application_secret: precious}'),
    secrets('- {name: t, kind: ascii, value:precious}'),
    secrets('- {name: t, kind: ascii, valeu: precious}'),
    secrets('- {name: t, kind: ascii, "my value": precious}'),
    secrets('- "value precious": x'),
    secrets('- name: t\n      kind: ascii\n      value: precious: x'),
    files('$$SCONE::password\\nliteral: precious'),
    files('$$SCONE::password;literal=precious'),
    files('$$SCONE::password\\nprecious $$SCONE::password$$'),
    files('${x\\n precious}'),
  ]) {
    assert.notEqual(text, service);
    assert.doesNotMatch(ofManifest(text), /precious/, text);
  }
});

test('56: the list of variables has only names, where the end of a placeholder is forgotten', () => {
  const text = 'a: "$$SCONE::w\\nprecious $$SCONE::x$$ $$SCONE::{{ N }}_y:hex$$"\n';
  const names = mentionsIn(readYaml(text, 'f')).map(({ name }) => name);
  assert.deepEqual(names, ['w', '{{ N }}_y', 'N']);
  assert.doesNotMatch(JSON.stringify(mentionsIn(readYaml(mesh, 'f'))), /precious/);
});

test('56: a name with a typing error is still told, with the one that was meant', () => {
  assert.match(
    ofManifest(service.replace('$$SCONE::password$$', () => '$$SCONE::pasword$$')),
    /"pasword"[^]*did you mean "password"/,
  );
  assert.match(
    ofSession(`${top}secrets:\n- {name: c, kind: x509, private_key: no_key}\n`, parseSession),
    /names the secret no_key, which/,
  );
});
