import assert from 'node:assert/strict';
import { createPublicKey, hash, sign } from 'node:crypto';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { runCommand } from '../../../scripts/command.ts';
import { snpKeys } from '../../../test/evidence/snp-world.ts';
import { keyOf, modulo, n, signatureBytes, timesG } from '../../../test/pki/reference-curve.ts';
import { amdProfile } from '../algorithm.ts';
import { parseCertificate } from '../certificate.ts';
import { issueCertificate } from '../issue.ts';
import { spkiDer } from '../spki.ts';
import { integerOf } from './check.ts';
import { FamiliarKeys, type Signer } from './familiar.ts';
import { inverse } from './inverse.ts';

const message = new Uint8Array(672).fill(5);
const e = integerOf(hash('sha384', message, 'buffer'));

interface Key {
  signer: Signer;
  good: Uint8Array;
  bad: Uint8Array;
}

/** A key with this private number, a signature of the message by it, and one that is none. */
function keyWith(d: bigint, nonce = 12_345_678_901n): Key {
  const publicKey = keyOf(timesG(d) ?? assert.fail());
  const r = (timesG(nonce)?.x ?? 0n) % n;
  const s = modulo(inverse(nonce, n) * (e + r * d), n);
  return {
    signer: { publicKey, spki: spkiDer(publicKey) },
    good: signatureBytes(r, s),
    bad: signatureBytes(r, modulo(s + 1n, n)),
  };
}

const key = (index: number): Key => keyWith(3n ** BigInt(200 + index) % n);

function check(keys: FamiliarKeys, { signer, good }: Key, times: number, count = true): void {
  for (let time = 0; time < times; time++) assert.equal(keys.verify(signer, message, good, count), true);
}

suite('keys that are seen often', () => {
  test('get a table with the sixteenth good signature, and the same answers before and after', () => {
    const keys = new FamiliarKeys();
    const one = key(0);
    for (let time = 1; time <= 40; time++) {
      assert.equal(keys.verify(one.signer, message, one.good, true), true);
      assert.equal(keys.verify(one.signer, message, one.bad, true), false);
      assert.equal(keys.verify(one.signer, message.subarray(1), one.good, true), false);
      assert.equal(keys.verify(one.signer, message, one.good.subarray(1), true), false);
      assert.equal(keys.tables, time < 16 ? 0 : 1, `${time}`);
    }
  });

  test('get none by bad signatures, nor where the certificate is not a genuine one', () => {
    const keys = new FamiliarKeys();
    const one = key(1);
    check(keys, one, 15);
    for (let time = 0; time < 40; time++) assert.equal(keys.verify(one.signer, message, one.bad, true), false);
    check(keys, one, 40, false);
    assert.equal(keys.tables, 0);
    check(keys, one, 1);
    assert.equal(keys.tables, 1);
    check(keys, one, 3, false);
  });

  test('are told apart by the whole key: the signature of one is none of another', () => {
    const keys = new FamiliarKeys();
    const [one, other] = [key(2), key(3)];
    check(keys, one, 20);
    check(keys, other, 20);
    assert.equal(keys.tables, 2);
    assert.equal(keys.verify(one.signer, message, other.good, true), false);
    assert.equal(keys.verify(other.signer, message, one.good, true), false);
  });

  test('are sixteen at most: ever other keys are never given a table', () => {
    const keys = new FamiliarKeys();
    const many = Array.from({ length: 17 }, (_, index) => key(10 + index));
    for (let round = 0; round < 18; round++) for (const one of many) check(keys, one, 1);
    assert.equal(keys.tables, 0);
    // The least recently used goes; one that is used stays.
    const [first, ...others] = many;
    for (const one of many) {
      check(keys, one, 16);
      check(keys, first ?? assert.fail(), 1);
    }
    assert.equal(keys.tables, 16);
    assert.equal(
      keys.verify(others[0]?.signer ?? assert.fail(), message, others[0]?.good ?? assert.fail(), true),
      true,
    );
    check(keys, first ?? assert.fail(), 1);
  });

  test('get no table, or lose it, when its answer is not that of OpenSSL', () => {
    const [one, other] = [key(5), key(6)];
    // As if the table were wrong: it is made of one key, and OpenSSL asked about another.
    const faulty: Key = { ...other, signer: { spki: one.signer.spki, publicKey: other.signer.publicKey } };

    const atFirst = new FamiliarKeys();
    for (let time = 0; time < 40; time++) {
      check(atFirst, faulty, 1);
      assert.equal(atFirst.tables, 0);
    }

    const later = new FamiliarKeys();
    check(later, one, 20);
    assert.equal(later.tables, 1);
    check(later, faulty, 1);
    assert.equal(later.tables, 0);
    check(later, one, 40);
    assert.equal(later.tables, 0);
    assert.equal(later.verify(one.signer, message, one.bad, true), false);
  });

  test('are read from a certificate as it is issued', () => {
    const { ask, vcek } = snpKeys;
    const certificate = parseCertificate(
      issueCertificate(
        {
          serial: Uint8Array.of(1),
          subject: 'a',
          issuer: 'b',
          notBefore: new Date('2025-01-01T00:00:00Z'),
          notAfter: new Date('2030-01-01T00:00:00Z'),
          keyUsage: [],
          publicKey: createPublicKey(vcek),
        },
        ask,
      ),
      'certificate',
      amdProfile,
    );
    const keys = new FamiliarKeys();
    const signature = new Uint8Array(sign('sha384', message, { key: vcek, dsaEncoding: 'ieee-p1363' }));
    for (let time = 0; time < 20; time++) assert.equal(keys.verify(certificate, message, signature, true), true);
    assert.equal(keys.tables, 1);
  });
});

suite('what the process allows', () => {
  const folder = new URL('../../..', import.meta.url).pathname;
  const { signer, good, bad } = key(4);
  const script = `
    import { createPublicKey } from 'node:crypto';
    import { FamiliarKeys } from ${JSON.stringify(join(import.meta.dirname, 'familiar.ts'))};
    const bytes = (text) => new Uint8Array(Buffer.from(text, 'hex'));
    const spki = bytes('${Buffer.from(signer.spki).toString('hex')}');
    const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    const message = bytes('${Buffer.from(message).toString('hex')}');
    if (process.argv.includes('absent')) delete globalThis.WebAssembly;
    if (process.argv.includes('forbidden')) WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError(); } };
    const keys = new FamiliarKeys();
    const answers = new Set();
    for (let time = 0; time < 20; time++) {
      answers.add(keys.verify({ publicKey, spki }, message, bytes('${Buffer.from(good).toString('hex')}'), true));
      answers.add(keys.verify({ publicKey, spki }, message, bytes('${Buffer.from(bad).toString('hex')}'), true) ? 'forged' : 'refused');
    }
    console.log([...answers].join(' '), keys.tables);
  `;
  const run = async (flags: readonly string[], ...words: readonly string[]): Promise<string> => {
    const args = [...flags, '--input-type=module', '-e', script, ...words];
    const { code, output } = await runCommand(process.execPath, args);
    assert.equal(code, 0, output);
    return output.trim();
  };

  test('tables are made where no code may be made from text, nor anything reached outside', async () => {
    const flags = ['--disallow-code-generation-from-strings', '--permission', `--allow-fs-read=${folder}`];
    assert.equal(await run(flags), 'true refused 1');
  });

  test('without WebAssembly OpenSSL gives the same answers', async () => {
    assert.equal(await run([], 'absent'), 'true refused 0');
    assert.equal(await run([], 'forbidden'), 'true refused 0');
  });
});
