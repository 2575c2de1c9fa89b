import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { tempFolder } from '../../test/support/temp.ts';
import { SconeError } from '../core/errors.ts';
import { checkLock, checkLockedBase, type Lock, lockFile, lockText, parseLock, readLock, writeLock } from './lock.ts';

const hex = (digit: string): string => digit.repeat(64);
const lock: Lock = {
  sconectl: '0.1.0',
  base: {
    from: 'debian:bookworm',
    architecture: 'amd64',
    digest: `sha256:${hex('a')}`,
    packages: [
      { name: 'libc6', version: '1:2.36-9+deb12u9~x', architecture: 'amd64', sha256: hex('1') },
      { name: 'tzdata', version: '2026f-0+deb12u1', architecture: 'all', sha256: hex('2') },
    ],
  },
  runtime: { flavour: 'sim', go: 'go1.26.8', sha256: hex('b') },
};
const foreign: Lock = {
  sconectl: '0.1.0',
  base: { from: 'oci:./base', digest: `sha256:${hex('c')}` },
  runtime: lock.runtime,
};

test('the lock lies beside the manifest and is called like it', () => {
  assert.equal(lockFile('/x/service.yml'), '/x/service.lock.yml');
  assert.equal(lockFile('api.yaml'), 'api.lock.yml');
});

test('a lock is read as it was written, of packages and of a layout', async (t) => {
  const file = join(tempFolder(t), 'service.lock.yml');
  assert.equal(await readLock(file), undefined);
  for (const one of [lock, foreign]) {
    await writeLock(file, one);
    assert.deepEqual(await readLock(file), one);
    assert.equal(readFileSync(file, 'utf8'), lockText(one));
  }
});

test('55: the same lock has the same text, and no host name, path or date in it', () => {
  assert.equal(lockText(parseLock(lockText(lock), 'f')), lockText(lock));
  assert.doesNotMatch(lockText(lock), /http|deb\.debian|\/(?:home|root|tmp)\b|[0-9]{4}-[0-9]{2}-[0-9]{2}T/);
});

test('a lock that is malformed, of another version or has unknown keys is an E_LOCK with the way out', () => {
  const text = lockText(lock);
  const wrong = [
    '',
    'version: 1',
    'just text',
    '[1, 2]',
    '{',
    text.replace('version: 1', 'version: 2'),
    text.replace('runtime:', 'runtimes:'),
    `${text}more: 1\n`,
    `${text}version: 1\n`,
    text.replace('sha256: ', 'sha512: '),
    text.replace(hex('b'), hex('B')),
    text.replace('  digest: sha256:', '  digest: md5:'),
    text.replace('"libc6 ', '"../libc6 '),
    text.replace(' amd64 sha256:', ' sha256:'),
    text.replace('  packages:', '  packages: []\n  other:'),
    text.replace('go: go1', 'go: *x'),
  ];
  for (const one of wrong) {
    assert.throws(
      () => parseLock(one, 'service.lock.yml'),
      (error) => {
        assert.ok(error instanceof SconeError, one);
        assert.equal(error.code, 'E_LOCK');
        assert.match(error.hint ?? '', /remove service\.lock\.yml/);
        return true;
      },
    );
  }
});

test('any text is a lock or our own error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((part) => lockText(lock).replace('libc6', part)),
      ),
      (text) => {
        try {
          parseLock(text, 'f');
        } catch (error) {
          assert.ok(error instanceof SconeError, String(error));
        }
      },
    ),
  );
});

test('a lock for another base or architecture is refused before anything is made', () => {
  checkLockedBase(lock, 'debian:bookworm', 'amd64', 'f');
  assert.throws(() => checkLockedBase(lock, 'oci:x', 'amd64', 'f'), {
    code: 'E_LOCK',
    expected: 'debian:bookworm',
    found: 'oci:x',
  });
  assert.throws(() => checkLockedBase(lock, 'debian:bookworm', 'arm64', 'f'), { code: 'E_LOCK', found: 'arm64' });
  checkLockedBase(foreign, 'oci:./base', 'arm64', 'f');
});

test('another base, runtime or flavour than the locked one is refused, with the compiler named', () => {
  checkLock(lock, lock, 'f');
  const other = (change: (copy: Lock) => void): Lock => {
    const copy = structuredClone(lock);
    change(copy);
    return copy;
  };
  const base = other((copy) => (copy.base.digest = `sha256:${hex('9')}`));
  assert.throws(() => checkLock(lock, base, 'f'), { code: 'E_LOCK', message: /the base is not/ });
  const runtime = other((copy) => (copy.runtime.sha256 = hex('9')));
  assert.throws(() => checkLock(lock, runtime, 'f'), { code: 'E_LOCK', hint: /sconectl has another runtime/ });
  const compiler = other((copy) => {
    copy.runtime.sha256 = hex('9');
    copy.runtime.go = 'go1.24.1';
  });
  assert.throws(() => checkLock(lock, compiler, 'f'), { code: 'E_LOCK', found: /go1\.24\.1/, hint: /^Use go1\.26\.8/ });
  const version = other((copy) => (copy.sconectl = '0.2.0'));
  assert.throws(() => checkLock(lock, version, 'f'), { code: 'E_LOCK', hint: /^Use sconectl 0\.1\.0/ });
  const flavour = other((copy) => (copy.runtime.flavour = 'sgx'));
  assert.throws(() => checkLock(lock, flavour, 'f'), { code: 'E_LOCK', message: /flavour/ });
});

test('a lock that cannot be read is not taken as absent', async (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'service.lock.yml'));
  await assert.rejects(readLock(join(folder, 'service.lock.yml')), { code: 'E_LOCK' });
  writeFileSync(join(folder, 'other'), '');
});
