import assert from 'node:assert/strict';
import { SconeError } from '../../src/core/errors.ts';
import { excerpt } from '../../src/manifest/excerpt.ts';
import { loadManifest } from '../../src/manifest/load.ts';
import { notYet } from '../../src/manifest/not-yet.ts';

/** A service manifest without a mistake. */
export const service = `apiVersion: scone/5.8
kind: genservice
environment:
  local:
    - name: API_PASSWORD
      value: "$$SCONE::password$$"
  global:
    - name: API_USER
secrets:
  global:
    - name: password
      kind: ascii
      size: 10
build:
  name: python_hello_user
  kind: python
  to: registry.example.org/hello/python_hello_user:latest
  pwd: /python
  command: python3 print_env.py
  copy:
    - print_env.py
`;

/** A Meshfile without a mistake. */
export const mesh = `apiVersion: scone/5.8
kind: mesh
cas:
  - name: cas
    alias: ["image", "security", "access", "attestation"]
    cas_url: localhost
    tolerance: "-C -G -S"
policy:
  namespace: myPythonApp
env:
  - name: API_USER
    value: myself
services:
  - name: pythonapp
    image: registry.example.org/hello/python_hello_user:latest
`;

/** What somebody wrote instead of what, and all that they are told. */
export interface Mistake {
  what: string;
  in?: string;
  change: [from: string, to: string];
  /** `line:column CODE message`, the excerpt, then expected, found and hint where there are any. */
  told: string;
}

/** Asserts that a mistake is told in exactly these words. */
export function checkMistake({ in: base = service, change, told: expected }: Mistake): void {
  const text = base.replace(change[0], () => change[1]);
  assert.notEqual(text, base);
  assert.equal(told(text), expected);
}

/** Everything that is said about a file: its errors, or else its warnings and what is not supported yet. */
export function told(text: string): string {
  try {
    const { manifest, warnings } = loadManifest(text, 'f.yml', { variables: new Map() });
    return [...warnings, ...notYet(manifest)].map((one) => `warning ${render(one, text)}`).join('\n') || 'nothing';
  } catch (error) {
    assert.ok(error instanceof SconeError && error.code === 'E_MANIFEST', String(error));
    return error.errors.map((problem) => render(problem, text)).join('\n');
  }
}

function render({ at, code, message, expected, found, hint }: SconeError, text: string): string {
  assert.ok(at !== undefined && at.file === 'f.yml');
  const lines = [`${at.line}:${at.column} ${code} ${message}`, (excerpt(text, at) ?? '').replaceAll(' \n', '\n')];
  if (expected !== undefined) lines.push(`expected: ${expected}`);
  if (found !== undefined) lines.push(`found: ${found}`);
  if (hint !== undefined) lines.push(`hint: ${hint}`);
  return lines.join('\n');
}
