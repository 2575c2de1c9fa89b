import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SconeError } from '../core/errors.ts';
import { parseReference, referenceName } from './reference.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test('names are read as Docker reads them', () => {
  const names: [string, string, string, string | undefined][] = [
    ['debian', 'docker.io', 'library/debian', 'latest'],
    ['debian:bookworm', 'docker.io', 'library/debian', 'bookworm'],
    ['hello/app', 'docker.io', 'hello/app', 'latest'],
    ['registry.example/cicd/app:v1', 'registry.example', 'cicd/app', 'v1'],
    ['localhost/app', 'localhost', 'app', 'latest'],
    ['localhost:5000/app:1', 'localhost:5000', 'app', '1'],
    ['host:5000/a/b/c', 'host:5000', 'a/b/c', 'latest'],
    [`a/b@${digest}`, 'docker.io', 'a/b', undefined],
    [`a/b:v1@${digest}`, 'docker.io', 'a/b', 'v1'],
  ];
  for (const [text, registry, repository, tag] of names) {
    const reference = parseReference(text);
    assert.deepEqual([reference.registry, reference.repository, reference.tag], [registry, repository, tag], text);
    assert.equal(reference.digest, text.includes('@') ? digest : undefined);
  }
});

test('one image has one name, however it was written', () => {
  for (const text of [
    'debian',
    'debian:latest',
    'library/debian',
    'docker.io/debian',
    'docker.io/library/debian:latest',
  ]) {
    assert.equal(referenceName(parseReference(text)), 'debian:latest', text);
  }
  assert.equal(referenceName(parseReference('registry.example/a:1')), 'registry.example/a:1');
});

test('what is no image name is an E_IMAGE', () => {
  const wrong = [
    '',
    ':',
    'A/b',
    'a//b',
    'a/',
    '/a',
    'a:',
    'a:b c',
    'a@sha256:12',
    `a@${digest}@${digest}`,
    'a b',
    '../a',
    'a:-x',
    'a'.repeat(300),
  ];
  for (const text of wrong) assert.throws(() => parseReference(text), { code: 'E_IMAGE' }, text);
});

test('any text is a name or our own error, and a name reads the same again', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9:/@._-]{0,40}$/)), (text) => {
      try {
        const once = referenceName(parseReference(text));
        assert.equal(referenceName(parseReference(once)), once);
      } catch (error) {
        assert.ok(error instanceof SconeError);
      }
    }),
  );
});
