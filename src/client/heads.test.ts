import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { base64, utf8 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { signNote } from '../ledger/note.ts';
import { leafHash, Tree } from '../ledger/tree.ts';
import { spkiDer } from '../pki/spki.ts';
import { followHeads, type LedgerView, type RememberedHead } from './heads.ts';

const ledger = 'ab'.repeat(16);

/** A ledger whose CAS answers about heads; records are texts. */
class FakeLedger {
  readonly key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly spki = spkiDer(this.key.publicKey);
  private tree = new Tree();
  asked = 0;
  onAsk: () => void = () => undefined;

  constructor(records: readonly string[], like?: FakeLedger) {
    if (like !== undefined) Object.assign(this, { key: like.key, spki: like.spki });
    for (const record of records) this.append(record);
  }

  append(record: string): void {
    this.tree.append(leafHash(utf8(record)));
  }

  head(where = 'config.json', seen: RememberedHead['seen'] = []): RememberedHead {
    const head = { size: this.tree.size, root: this.tree.root() };
    const note = signNote(ledger, head, this.spki, (text) => sign('sha256', text, this.key.privateKey));
    return { head, note, where, seen };
  }

  get view(): LedgerView {
    return {
      address: 'cas:8081',
      spki: this.spki,
      ledger,
      fetchHead: async (from = 0) => {
        this.asked++;
        this.onAsk();
        if (from > this.tree.size) throw new SconeError('E_NOT_FOUND', `this ledger never had ${from} records`);
        return { note: this.head().note, proof: this.tree.consistency(from).map(base64) };
      },
    };
  }
}

const records = (count: number, mark = '') => Array.from({ length: count }, (_, i) => `${i}${i >= 3 ? mark : ''}`);

test('a first contact takes the head as it is', async () => {
  const cas = new FakeLedger(records(5));
  assert.equal((await followHeads(cas.view, [])).head.size, 5);
});

test('a head that grew is followed by proof, for every remembered size', async () => {
  for (let size = 1; size <= 17; size++) {
    const cas = new FakeLedger(records(size));
    const heads = [cas.head()];
    cas.append('another');
    heads.push(cas.head('cas.lock'));
    cas.append('one more');
    assert.equal((await followHeads(cas.view, heads)).head.size, size + 2);
  }
});

test('36: a CAS restored from an older copy is refused, with the size and the time since when', async () => {
  const cas = new FakeLedger(records(4));
  const newer = new FakeLedger(records(9), cas).head('cas.lock', [
    { size: 3, time: '2026-11-20T10:00:00Z' },
    { size: 7, time: '2026-11-22T10:00:00Z' },
    { size: 9, time: '2026-11-23T10:00:00Z' },
  ]);
  await assert.rejects(followHeads(cas.view, [newer]), {
    code: 'E_ROLLBACK',
    expected: 'at least 9 records, seen since 2026-11-22T10:00:00Z',
    found: '4 records',
    causes: ['its changes 5 to 9 are gone: everything since 2026-11-20T10:00:00Z, when it had 3 records'],
  });
});

test('36: a CAS that shows another history of the same or a larger size is refused with both signed heads', async () => {
  const cas = new FakeLedger(records(6));
  for (const size of [4, 6, 9]) {
    const fork = new FakeLedger(records(size, '!'), cas);
    await assert.rejects(followHeads(fork.view, [cas.head()]), (error: SconeError) => {
      assert.equal(error.code, 'E_ROLLBACK');
      if (size >= 6) assert.equal(error.causes.length, 3);
      return true;
    });
  }
});

test('36: two files that remember two forks are found without asking anybody', async () => {
  const cas = new FakeLedger(records(6));
  const fork = new FakeLedger(records(6, '!'), cas);
  await assert.rejects(followHeads(cas.view, [cas.head(), fork.head('cas.lock')]), { code: 'E_ROLLBACK' });
  assert.equal(cas.asked, 0);
  const longer = new FakeLedger(records(8, '!'), cas);
  await assert.rejects(followHeads(longer.view, [cas.head(), longer.head('cas.lock')]), { code: 'E_ROLLBACK' });
});

test('a proof that is forged, or a head of another key or ledger, is refused', async () => {
  const cas = new FakeLedger(records(6));
  const old = new FakeLedger(records(4), cas).head();
  const forged: LedgerView = {
    ...cas.view,
    fetchHead: async (from) => ({ ...(await cas.view.fetchHead(from)), proof: [base64(new Uint8Array(32))] }),
  };
  await assert.rejects(followHeads(forged, [old]), { code: 'E_ROLLBACK' });
  const stranger = new FakeLedger(records(6));
  await assert.rejects(followHeads({ ...stranger.view, spki: cas.spki }, [old]), { code: 'E_CAS_IDENTITY' });
  await assert.rejects(followHeads({ ...cas.view, ledger: 'cd'.repeat(16) }, [old]), { code: 'E_CAS_IDENTITY' });
});

test('a ledger that grows between the questions is followed until all heads lie below one', async () => {
  const cas = new FakeLedger(records(3));
  const heads = [cas.head()];
  cas.append('x');
  heads.push(cas.head());
  let growth = 3;
  cas.onAsk = () => {
    if (growth-- > 0) cas.append('y');
  };
  assert.equal((await followHeads(cas.view, heads)).head.size, 7);
  cas.onAsk = () => cas.append('z');
  await assert.rejects(followHeads(cas.view, heads), { code: 'E_CONFLICT' });
});
