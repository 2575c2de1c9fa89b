import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8Text } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { sessionBytes, sessionHash } from '../session/canonical.ts';
import { normaliseSession } from '../session/parse.ts';
import type { Event } from './events.ts';
import { State } from './state.ts';

const time = '2026-11-23T12:00:00Z';
const genesis: Event = {
  type: 'genesis',
  time,
  mode: 'simulation',
  ledger: '00',
  identity: { key: '', certificate: '' },
  encryption: { key: '', public: '' },
  create_sessions: ['ANY'],
};

function sessionEvent(name: string, rest: object = {}, by = 'creator'): Event {
  const bytes = sessionBytes(normaliseSession({ version: '0.3.12', name, ...rest }));
  return { type: 'session', time, name, session: utf8Text(bytes), hash: sessionHash(bytes), by, secrets: [] };
}

const release = (name: string, collateral?: Extract<Event, { type: 'release' }>['collateral']): Event => ({
  type: 'release',
  time,
  name,
  hash: 'ab'.repeat(32),
  config_id: `${name}/x`,
  init_data: 'ab'.repeat(32),
  claims: 'ab'.repeat(32),
  evidence: 'ab'.repeat(32),
  verdict: { tee: 'sim', measurement: '', tcb: '' },
  ...(collateral === undefined ? {} : { collateral }),
});

function fold(events: readonly Event[], state = new State()): State {
  for (const event of events) state.apply(event);
  return state;
}

test('the state is the fold of its events: the newest version of a session, its first hash and its creator', () => {
  const first = sessionEvent('a');
  const second = sessionEvent('a', { salt: '00'.repeat(16) }, 'other');
  const state = fold([genesis, first, release('a'), second, sessionEvent('b')]);
  const a = state.session('a');
  assert.equal(a?.hash, (second as { hash: string }).hash);
  assert.equal(a?.firstHash, (first as { hash: string }).hash);
  assert.equal(a?.creator, 'creator');
  assert.equal(a?.index, 3);
  assert.deepEqual(state.records('a'), [1, 2, 3]);
  assert.deepEqual(state.records('none'), []);
  assert.equal(state.session('none'), undefined);
  assert.equal(state.size, 5);
});

test('a draft changes nothing below it until it is absorbed, and then everything', () => {
  const state = fold([genesis, sessionEvent('a')]);
  const draft = new State(state);
  fold(
    [sessionEvent('b'), release('a', { documents: [{ name: 'd', number: '1', issued: time }], newest: time })],
    draft,
  );
  assert.equal(state.session('b'), undefined);
  assert.deepEqual(state.records('a'), [1]);
  assert.deepEqual(state.seen, {});
  assert.equal(state.size, 2);
  assert.deepEqual(draft.records('a'), [1, 3]);
  assert.equal(draft.session('a')?.index, 1);
  state.absorb(draft);
  assert.equal(state.session('b')?.index, 2);
  assert.deepEqual(state.records('a'), [1, 3]);
  assert.deepEqual(state.seen, { d: { number: '1', issued: time } });
  assert.equal(state.size, 4);
  assert.throws(
    () => new State().absorb(draft),
    (error) => error instanceof SconeError && error.code === 'E_INTERNAL',
  );
});

test('67: a record before the one before it, or a second beginning, is no ledger', () => {
  const refuses = (events: readonly Event[]) =>
    assert.throws(
      () => fold(events),
      (error) => error instanceof SconeError && error.code === 'E_LEDGER',
    );
  refuses([genesis, { ...sessionEvent('a'), time: '2026-11-23T11:59:59Z' }]);
  refuses([genesis, genesis]);
  refuses([sessionEvent('a')]);
});
