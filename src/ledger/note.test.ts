import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { base64, concat, fromBase64, hex } from '../core/bytes.ts';
import { sha256 } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import { demandContinuation } from './audit.ts';
import { checkpointText, keyId, openNote, signNote } from './note.ts';
import type { Head } from './proof.ts';
import { leafHash, Tree } from './tree.ts';

const origin = '00112233445566778899aabbccddeeff';

function identity(): { spki: Uint8Array; sign: (text: Uint8Array) => Uint8Array } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    spki: publicKey.export({ format: 'der', type: 'spki' }),
    sign: (text) => sign('sha256', text, privateKey),
  };
}

const us = identity();
const other = identity();
const tree = new Tree();
for (let i = 0; i < 20; i++) tree.append(leafHash(Uint8Array.of(i)));
const head = (size: number): Head => ({ size, root: tree.root(size) });
const note = (size: number) => signNote(origin, head(size), us.spki, us.sign);

const refuses = (call: () => unknown, ...codes: string[]) =>
  assert.throws(call, (error) => error instanceof SconeError && codes.includes(error.code));

test('a head is a C2SP checkpoint signed with an ECDSA key, named by the first bytes of the hash of its SPKI', () => {
  const lines = note(7).split('\n');
  assert.deepEqual(lines.slice(0, 4), [origin, '7', base64(tree.root(7)), '']);
  const [dash, name, value] = (lines[4] as string).split(' ');
  assert.deepEqual([dash, name], ['—', origin]);
  assert.equal(hex(fromBase64(value as string).subarray(0, 4)), hex(sha256(us.spki).subarray(0, 4)));
  assert.deepEqual(openNote(note(7), us.spki, origin), head(7));
});

test('29: a head of another key or another ledger is refused', () => {
  refuses(() => openNote(note(7), other.spki, origin), 'E_CAS_IDENTITY');
  refuses(() => openNote(note(7), us.spki, 'ff112233445566778899aabbccddeeff'), 'E_CAS_IDENTITY');
  const renamed = note(7).replace(`— ${origin}`, '— ff112233445566778899aabbccddeeff');
  refuses(() => openNote(renamed, us.spki, origin), 'E_CAS_IDENTITY');
});

test('signatures of unknown keys are skipped, a wrong one of the known key refuses the note', () => {
  const witness = `— witness.example/w ${base64(concat(keyId(other.spki), other.sign(new Uint8Array())))}\n`;
  assert.deepEqual(openNote(note(7) + witness, us.spki, origin), head(7));
  refuses(() => openNote(`${checkpointText(origin, head(7))}\n${witness}`, us.spki, origin), 'E_CAS_IDENTITY');
  const wrong = `— ${origin} ${base64(concat(keyId(us.spki), us.sign(new Uint8Array())))}\n`;
  refuses(() => openNote(note(7) + wrong, us.spki, origin), 'E_CAS_IDENTITY');
});

test('the exact form is demanded', () => {
  const good = note(7);
  const text = checkpointText(origin, head(7));
  const signed = (body: string) =>
    `${body}\n— ${origin} ${base64(concat(keyId(us.spki), us.sign(Buffer.from(body))))}\n`;
  assert.deepEqual(openNote(signed(text), us.spki, origin), head(7));
  for (const bad of [
    '',
    '\n\n',
    text,
    good.slice(0, -1),
    `\n${good}`,
    good.replaceAll('\n', '\r\n'),
    good.replace('—', '-'),
    signed(text.replace('\n7\n', '\n07\n')),
    signed(text.replace('\n7\n', '\n-7\n')),
    signed(text.replace('\n7\n', '\n7 \n')),
    signed(text.replace('\n7\n', '\n9007199254740993\n')),
    signed(`${text}extension\n`),
    signed(`${origin}\n7\n${base64(new Uint8Array(31))}\n`),
    signed(`${origin}\n7\n${base64(tree.root(7)).replace(/.=$/, '')}\n`),
    `${good}${`— x ${base64(new Uint8Array(8))}\n`.repeat(20)}`,
    good + 'x'.repeat(20_000),
  ]) {
    refuses(() => openNote(bad, us.spki, origin), 'E_FORMAT');
  }
});

test('hostile notes and keys give only our own errors', () => {
  const good = note(9);
  const mangled = fc
    .tuple(fc.nat(good.length), fc.nat(good.length), fc.string({ unit: 'binary', maxLength: 8 }))
    .map(([a, b, middle]) => good.slice(0, Math.min(a, b)) + middle + good.slice(Math.max(a, b)));
  fc.assert(
    fc.property(fc.oneof(mangled, fc.string({ unit: 'binary' })), (text) => {
      if (text === good) return;
      refuses(() => openNote(text, us.spki, origin), 'E_FORMAT', 'E_CAS_IDENTITY');
    }),
    { numRuns: 500 },
  );
  const { publicKey } = generateKeyPairSync('ed25519');
  for (const key of [new Uint8Array(), new Uint8Array(91), publicKey.export({ format: 'der', type: 'spki' })]) {
    refuses(() => openNote(good, key, origin), 'E_FORMAT');
  }
});

test('36: a remembered head demands its continuation: a shorter, forked or foreign ledger is refused', () => {
  const ledger = { id: origin, spki: us.spki };
  assert.deepEqual(demandContinuation(ledger, note(5), note(12), tree.consistency(5, 12)), head(12));
  assert.deepEqual(demandContinuation(ledger, note(5), note(5), []), head(5));
  refuses(() => demandContinuation(ledger, note(12), note(5), []), 'E_ROLLBACK');
  const fork = new Tree();
  for (let i = 0; i < 12; i++) fork.append(leafHash(Uint8Array.of(i < 4 ? i : 99)));
  const forked = signNote(origin, { size: 12, root: fork.root() }, us.spki, us.sign);
  refuses(() => demandContinuation(ledger, note(5), forked, fork.consistency(5, 12)), 'E_ROLLBACK');
  refuses(() => demandContinuation(ledger, note(12), forked, []), 'E_ROLLBACK');
  const foreign = signNote(origin, head(12), other.spki, other.sign);
  refuses(() => demandContinuation(ledger, note(5), foreign, tree.consistency(5, 12)), 'E_CAS_IDENTITY');
});
