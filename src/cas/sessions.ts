import {
  type LogAnswer,
  type LogEntry,
  logLimit,
  type PutAnswer,
  type ReadAnswer,
  type ValuesAnswer,
} from '../api/answers.ts';
import type { PutRequest } from '../api/requests.ts';
import { utf8Text } from '../core/bytes.ts';
import type { Random } from '../core/clock.ts';
import { SconeError } from '../core/errors.ts';
import { type JsonObject, parseJson } from '../core/json.ts';
import { sessionBytes, sessionHash } from '../session/canonical.ts';
import { normaliseSession } from '../session/parse.ts';
import type { Session } from '../session/types.ts';
import { type Caller, mayDo, noAccess } from './access.ts';
import { demandHostArguments } from './configuration.ts';
import { type Event, encodeEvent } from './events.ts';
import type { Decide, Journal } from './journal.ts';
import { placeSession } from './place.ts';
import { secretValues, valueText } from './secrets.ts';
import { demandModest, demandReadable } from './session-size.ts';
import type { SessionState } from './state.ts';
import { demandAgreement } from './time.ts';

/** Bytes of records that one question for a log makes the CAS open, about: anybody may ask where a session lets all read (59). */
const mostOpened = 4 << 20;

/** What clients do with sessions. Each change is decided on the state it is appended to, as often as that changes. */
export class Sessions {
  private readonly journal: Journal;
  private readonly random: Random;

  constructor(journal: Journal, random: Random) {
    this.journal = journal;
    this.random = random;
  }

  /** Creates or updates a session. Throws `E_SESSION`, `E_ACCESS`, `E_PREDECESSOR`, `E_TIME`. */
  async put(name: string, request: PutRequest, caller: string): Promise<PutAnswer> {
    demandReadable(request.session);
    const session = normaliseSession(request.session);
    if (session.name !== name) {
      throw new SconeError('E_SESSION', 'the session has another name than the path', {
        expected: name,
        found: session.name,
      });
    }
    demandHostArguments(session);
    demandModest(session, request.values ?? {});
    const { result, index, note } = await this.journal.commit(this.putDecision(session, request, caller));
    return { hash: result, index, note };
  }

  private putDecision(session: Session, request: PutRequest, caller: string): Decide<string> {
    return (view, moment) => {
      const before = view.session(session.name);
      const place = placeSession(view, before, session, caller);
      demandAgreement(request.time, moment.now);
      const bytes = sessionBytes(place.session);
      const hash = sessionHash(bytes);
      const secrets = secretValues(place.session, request.values ?? {}, before, this.random);
      const event: Event = {
        type: 'session',
        time: moment.record(place.byOwner),
        name: session.name,
        session: utf8Text(bytes),
        hash,
        by: caller,
        secrets: Array.from(secrets, ([name, value]) => ({ name, value: Buffer.from(value).toString('base64') })),
      };
      return { event, result: hash };
    };
  }

  /** A session as the caller may see it. Throws `E_NOT_FOUND`, `E_ACCESS`. */
  async read(name: string, caller: Caller, reveal: boolean): Promise<ReadAnswer> {
    const state = this.readable(name, caller);
    const { hash, index } = state;
    const mayUpdate = mayDo('update', state, caller);
    if (!reveal)
      return { session: shown(state, mayUpdate), redacted: !mayUpdate, hash, index, note: this.journal.note() };
    if (caller === undefined) throw noAccess('update', state, caller);
    const { result, note } = await this.journal.commit<SessionState>((view, moment) => {
      const current = view.session(name);
      if (current === undefined) throw notFound(name);
      if (!mayDo('read', current, caller)) throw noAccess('read', current, caller);
      if (!mayDo('update', current, caller)) throw noAccess('update', current, caller);
      return {
        event: { type: 'reveal', time: moment.record(), name, hash: current.hash, by: caller },
        result: current,
      };
    });
    // Recorded and durable: only now are they shown.
    const values: { [name: string]: string } = Object.create(null);
    for (const { name: secret, kind, value_hmac } of result.session.secrets) {
      const value = result.secrets.get(secret);
      if (value_hmac !== undefined && value !== undefined) values[secret] = valueText(kind, value);
    }
    return { session: shown(result, true), values, redacted: false, hash: result.hash, index: result.index, note };
  }

  /** Public values; what is not public does not exist for anybody here. Throws `E_NOT_FOUND`. */
  values(session: string, secret: string | undefined): ValuesAnswer {
    const state = this.journal.view.session(session);
    const values: ValuesAnswer['values'] = Object.create(null);
    for (const { name, kind, export_public } of state?.session.secrets ?? []) {
      const value = state?.secrets.get(name);
      if (export_public === true && value !== undefined && (secret === undefined || secret === name)) {
        values[name] = { kind, value: valueText(kind, value) };
      }
    }
    if (state === undefined || Object.keys(values).length === 0) {
      throw new SconeError('E_NOT_FOUND', 'there is no such public value', {
        found: secret === undefined ? session : `${session}, secret ${secret}`,
        hint: 'the secret must exist in the session and say export_public: true',
      });
    }
    return { values, index: state.index, note: this.journal.note() };
  }

  /** What the ledger holds about a session, from a record on. Throws `E_NOT_FOUND`, `E_ACCESS`. */
  async log(name: string, from: number, caller: Caller): Promise<LogAnswer> {
    this.readable(name, caller);
    const indices = this.journal.view.records(name).filter((index) => index >= from);
    const note = this.journal.note();
    const entries: LogEntry[] = [];
    let opened = 0;
    for (const index of indices.slice(0, logLimit)) {
      const event = await this.journal.event(index);
      entries.push(entryOf(index, event));
      if (event.type === 'session') opened += encodeEvent(event).length;
      if (opened > mostOpened) break;
    }
    const next = indices[entries.length];
    return { entries, ...(next === undefined ? {} : { next }), note };
  }

  private readable(name: string, caller: Caller): SessionState {
    const state = this.journal.view.session(name);
    if (state === undefined) throw notFound(name);
    if (!mayDo('read', state, caller)) throw noAccess('read', state, caller);
    return state;
  }
}

/** The stored session; salt and HMACs would let a reader guess explicit values (M12), so only updaters get them. */
function shown(state: SessionState, mayUpdate: boolean): JsonObject {
  const session = parseJson(state.text, 'session') as JsonObject;
  if (mayUpdate) return session;
  delete session.salt;
  if (Array.isArray(session.secrets)) {
    for (const secret of session.secrets) delete (secret as JsonObject).value_hmac;
  }
  return session;
}

function entryOf(index: number, event: Event): LogEntry {
  if (event.type === 'genesis') throw new SconeError('E_INTERNAL', 'record 0 belongs to no session');
  const { time, name: session, hash } = event;
  const base = { index, time, session, hash };
  if (event.type === 'session') {
    const { predecessor } = normaliseSession(parseJson(event.session, 'session'));
    return { ...base, event: 'session', by: event.by, ...(predecessor === undefined ? {} : { predecessor }) };
  }
  if (event.type === 'reveal') return { ...base, event: 'reveal', by: event.by };
  const { config_id, init_data, claims, evidence, verdict } = event;
  return { ...base, event: 'release', config_id, init_data, claims, evidence, verdict };
}

function notFound(name: string): SconeError {
  return new SconeError('E_NOT_FOUND', `there is no session ${name}`, {
    hint: 'names have the form <namespace>/<service>; was it applied to this CAS?',
  });
}
