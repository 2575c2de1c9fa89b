import { createHash } from 'node:crypto';
import { concat, equalBytes, hex } from '../../core/bytes.ts';
import { SconeError } from '../../core/errors.ts';
import type { TdxClaims } from '../claims.ts';
import { FieldReader } from '../reader.ts';

/** An entry of a log that is proved by the RTMRs of a quote. */
export interface MeasuredEvent {
  /** 0 to 3. */
  rtmr: number;
  /** TCG event type. */
  type: number;
  /** SHA-384, 48 bytes. */
  digest: Uint8Array;
  /**
   * The event data, where its digest is the measured one. Undefined where something else was measured (an image, a
   * command line): the data is then only what the guest's host wrote beside it.
   */
  payload: Uint8Array | undefined;
}

/** TPM_ALG_SHA384. */
const sha384 = 0x0c;
/** Not extended into any register. */
const evNoAction = 3;

/**
 * Types whose digest is that of their event data (TCG PC Client Platform Firmware Profile, 10.4.1): EV_SEPARATOR,
 * EV_EFI_VARIABLE_DRIVER_CONFIG, EV_EFI_GPT_EVENT, EV_EFI_ACTION. For these a log that says otherwise is a lie.
 */
const hashedTypes: readonly number[] = [0x4, 0x8000_0001, 0x8000_0006, 0x8000_0007];

const registers = ['rtmr0', 'rtmr1', 'rtmr2', 'rtmr3'] as const;
const sizeLimit = 1024 * 1024;

/**
 * Verifies the event log of a TD against its RTMRs: replays it (RTMR = SHA-384(RTMR ‖ digest), from zeros) and computes
 * the digests of event data anew; what a log says about itself counts for nothing (threat model 18). The log is the
 * CCEL of the guest: TCG crypto-agile log, measurement register 1 to 4 for RTMR 0 to 3. RTMRs named in `registers` must
 * be explained by the log; all four unless told. Throws `E_EVIDENCE`.
 */
export function verifyEventLog(
  log: Uint8Array,
  claims: Pick<TdxClaims, (typeof registers)[number]>,
  explained: readonly number[] = [0, 1, 2, 3],
): MeasuredEvent[] {
  const events = parseEventLog(log);
  const replayed = replay(events);
  for (const index of explained) {
    const name = registers[index];
    const found = replayed[index];
    if (name === undefined || found === undefined || !equalBytes(found, claims[name])) {
      throw new SconeError('E_EVIDENCE', `the event log does not replay to RTMR${index}`, {
        expected: name === undefined ? 'a register from 0 to 3' : hex(claims[name]),
        found: found === undefined ? 'none' : hex(found),
        hint: 'the log is incomplete, of another start, or was changed; no policy can allow this',
      });
    }
  }
  return events.filter(({ rtmr }) => explained.includes(rtmr));
}

/** The RTMRs after all events, 48 bytes each. */
export function replay(events: readonly Pick<MeasuredEvent, 'rtmr' | 'digest'>[]): Uint8Array[] {
  const values = registers.map(() => new Uint8Array(48));
  for (const { rtmr, digest } of events) {
    const value = values[rtmr];
    if (value !== undefined) values[rtmr] = digestOf(concat(value, digest));
  }
  return values;
}

/** Reads a TCG crypto-agile log strictly, up to its end or to padding of 0xff or zero bytes. Throws `E_EVIDENCE`. */
export function parseEventLog(log: Uint8Array): MeasuredEvent[] {
  if (log.length > sizeLimit) {
    throw new SconeError('E_EVIDENCE', 'the event log is larger than any is', {
      expected: `at most ${sizeLimit} bytes`,
    });
  }
  const reader = new FieldReader(log, 'event log');
  readSpecification(reader);
  const events: MeasuredEvent[] = [];
  while (reader.left > 0) {
    const register = reader.uint32('mrIndex');
    // Tables of the firmware are larger than the log in them; the rest has never been written.
    if (register === 0xffff_ffff || (register === 0 && restIsZero(reader))) break;
    const type = reader.uint32('eventType');
    const digest = readDigest(reader);
    const data = reader.take(reader.uint32('eventSize'), 'event');
    if (type === evNoAction) continue;
    events.push({ ...registerOf(register), type, digest, payload: payloadOf(type, digest, data) });
  }
  return events;
}

/** TCG_PCClientPCREvent "Spec ID Event03": says which digests follow; here each event must have exactly SHA-384. */
function readSpecification(reader: FieldReader): void {
  reader.take(4, 'pcrIndex');
  const type = reader.uint32('eventType');
  reader.take(20, 'digest');
  const data = reader.take(reader.uint32('eventDataSize'), 'event');
  if (type !== evNoAction || Buffer.from(data.subarray(0, 16)).toString('latin1') !== 'Spec ID Event03\0') {
    throw new SconeError('E_EVIDENCE', 'the event log does not begin with the header of a crypto-agile log', {
      expected: 'Spec ID Event03',
    });
  }
}

function readDigest(reader: FieldReader): Uint8Array {
  const count = reader.uint32('digests.count');
  const algorithm = reader.uint16('digests.algorithm');
  if (count !== 1 || algorithm !== sha384) {
    throw new SconeError('E_EVIDENCE', 'an event of the log has other digests than SHA-384', {
      expected: `1 digest, algorithm ${sha384}`,
      found: `${count} digests, algorithm ${algorithm}`,
    });
  }
  return reader.take(48, 'digest');
}

/** Register 0 is MRTD, which nothing is extended into. */
function registerOf(register: number): Pick<MeasuredEvent, 'rtmr'> {
  if (register >= 1 && register <= 4) return { rtmr: register - 1 };
  throw new SconeError('E_EVIDENCE', 'an event of the log is of no RTMR', {
    expected: '1 to 4',
    found: String(register),
  });
}

function payloadOf(type: number, digest: Uint8Array, data: Uint8Array): Uint8Array | undefined {
  if (equalBytes(digestOf(data), digest)) return data;
  if (!hashedTypes.includes(type)) return undefined;
  throw new SconeError('E_EVIDENCE', 'the data of an event in the log is not what was measured', {
    expected: hex(digest),
    found: hex(digestOf(data)),
  });
}

function restIsZero(reader: FieldReader): boolean {
  const rest = reader.take(reader.left, 'padding');
  if (rest.every((byte) => byte === 0)) return true;
  throw new SconeError('E_EVIDENCE', 'an event of the log is of no RTMR', { expected: '1 to 4', found: '0' });
}

function digestOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha384').update(bytes).digest());
}
