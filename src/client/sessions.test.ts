import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyHash } from '../core/digest.ts';
import { sessionBytes, sessionDocument, sessionHash } from '../session/canonical.ts';
import { normaliseSession } from '../session/parse.ts';
import type { Session } from '../session/types.ts';
import { fileStem, type Upload, uploadSession } from './sessions.ts';

const me = keyHash(new Uint8Array(32).fill(1), 'production');
const other = keyHash(new Uint8Array(32).fill(2), 'production');
const parent = 'ab'.repeat(32);

function session(user = 'me', more: Partial<Session> = {}): Session {
  return {
    ...normaliseSession({
      version: '0.3.12',
      name: 'space/app',
      access_policy: { read: ['CREATOR'], update: ['CREATOR'] },
      services: [
        { name: 'python3', command: ['python3'], environment: { API_USER: user }, attestation: [], init_data: [] },
      ],
    }),
    ...more,
  };
}

/** The session as a CAS would have stored it. */
function stored(value: Session, creator = me): NonNullable<Upload['known']> {
  const full = { ...value, creator };
  return { session: sessionDocument(full), redacted: false, hash: sessionHash(sessionBytes(full)), index: 1, note: '' };
}

function recorder() {
  const sent: Session[] = [];
  return {
    sent,
    address: 'cas:8081',
    putSession: async (_name: string, document: object) => {
      sent.push(normaliseSession(document));
      return { hash: 'cd'.repeat(32), index: 2, note: '' };
    },
  };
}

test('a session that the CAS has not is created below its namespace', async () => {
  const cas = recorder();
  const upload = {
    session: session('me', { namespace_hash: parent }),
    values: {},
    known: undefined,
    predecessor: undefined,
    me,
  };
  assert.equal((await uploadSession(cas, upload)).action, 'created');
  assert.equal(cas.sent[0]?.namespace_hash, parent);
  assert.equal(cas.sent[0]?.predecessor, undefined);
});

test('the same content is not uploaded again, whatever its history', async () => {
  const cas = recorder();
  const known = stored(session('me', { predecessor: parent }));
  for (const predecessor of [undefined, known.hash, '00'.repeat(32)]) {
    const upload = { session: session('me', { namespace_hash: parent }), values: {}, known, predecessor, me };
    assert.deepEqual(await uploadSession(cas, upload), { name: 'space/app', hash: known.hash, action: 'unchanged' });
  }
  assert.deepEqual(cas.sent, []);
});

test('an update names the current hash and not the namespace', async () => {
  const cas = recorder();
  const known = stored(session());
  const changed = session('you', { namespace_hash: parent });
  const upload = { session: changed, values: {}, known, predecessor: known.hash, me };
  assert.equal((await uploadSession(cas, upload)).action, 'updated');
  assert.equal(cas.sent[0]?.predecessor, known.hash);
  assert.equal(cas.sent[0]?.namespace_hash, undefined);
});

test("a session of ours that this folder forgot is adopted, and somebody else's is not", async () => {
  const cas = recorder();
  const upload = { session: session('you'), values: {}, known: stored(session()), predecessor: undefined, me };
  assert.equal((await uploadSession(cas, upload)).action, 'adopted');
  await assert.rejects(uploadSession(cas, { ...upload, known: stored(session(), other) }), {
    code: 'E_ACCESS',
    found: `created by ${other}`,
  });
  // Not even when its content is what we would upload: its owner could change it at any time.
  await assert.rejects(uploadSession(cas, { ...upload, session: session(), known: stored(session(), other) }), {
    code: 'E_ACCESS',
  });
  assert.equal(cas.sent.length, 1);
});

test('43: a session that was changed elsewhere is not overwritten; the answer names the current hash', async () => {
  const cas = recorder();
  const known = stored(session('them'));
  const upload = { session: session('me'), values: {}, known, predecessor: '00'.repeat(32), me };
  await assert.rejects(uploadSession(cas, upload), { code: 'E_PREDECESSOR', found: known.hash });
  assert.deepEqual(cas.sent, []);
});

test('session names become file names as the original tool writes them', () => {
  assert.equal(fileStem('myPythonApp/python_app.v1:x'), 'mypythonapp-python-app-v1-x');
});
