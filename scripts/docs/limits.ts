import { attestLimits } from '../../src/api/answers.ts';
import { routes } from '../../src/api/routes.ts';
import { longestQueue } from '../../src/cas/journal.ts';
import { type Limits, standardLimits } from '../../src/cas/limits.ts';
import { sessionLimits } from '../../src/cas/session-size.ts';
import { code, page, table } from './page.ts';

type Unit = 'ms' | 'bytes' | '';

const callers: Record<keyof Limits, readonly [what: string, unit: Unit]> = {
  clientConnections: ['connections to the client port at the same time; more are closed at once', ''],
  serviceConnections: ['connections to the attestation port at the same time', ''],
  handshake: ['from the TCP connection to the end of the TLS handshake', 'ms'],
  clientHeaders: ['client port: until the head of a request is there', 'ms'],
  clientRequest: ['client port: until all of a request is there', 'ms'],
  clientIdle: ['client port: between two requests', 'ms'],
  attestation: ['attestation port: from the handshake until all of the one request is there', 'ms'],
  silence: ['a connection that moves no byte in either direction', 'ms'],
  interval: ['how often these times are looked at', 'ms'],
  headerBytes: ['request line and header fields', 'bytes'],
  headerCount: ['header fields', ''],
  bodyBytes: ['bodies that are being received at the same time, on each port', 'bytes'],
  evidencePerSecond: ['`GET /v1/attestation`, on average per second', ''],
  evidenceBurst: ['`GET /v1/attestation`, at once', ''],
  drain: ['how long a stop waits for requests that have begun', 'ms'],
};

const sessions: Record<keyof typeof sessionLimits, readonly [what: string, unit: Unit]> = {
  entries: ['entries of all maps and lists of a session together', ''],
  placeholders: ['placeholders in all texts of a session together', ''],
  secrets: ['secrets of a session', ''],
  secretBytes: ['all secrets of a session together, before encoding', 'bytes'],
  configurationBytes: ['what one service is given, by estimate', 'bytes'],
};

/** What anybody can use of a CAS at most, from the code that enforces it (threat model 59). */
export function limitsPage(): string {
  const rows = <Name extends string>(
    values: Record<Name, number>,
    texts: Record<Name, readonly [string, Unit]>,
  ): string[][] =>
    (Object.keys(texts) as Name[]).map((name) => [texts[name][0], `${values[name]} ${texts[name][1]}`.trim()]);
  return page(
    'Limits of a CAS',
    'A CAS serves strangers: nobody gets more of it than this. What goes beyond is refused with `E_LIMIT` or, before ' +
      'there is a request to answer, by closing the connection. None of it can be set.',
    '## Connections and requests',
    table(
      ['What', 'At most'],
      [...rows(standardLimits, callers), ['changes that wait for the disk at the same time', String(longestQueue)]],
    ),
    '## Bodies',
    table(
      ['Part', 'At most'],
      [
        ...Object.values(routes)
          .filter(({ bodyLimit }) => bodyLimit > 0)
          .map(({ method, path, bodyLimit }) => [code(`${method} ${path}`), `${bodyLimit} bytes`]),
        ['claims of a service', `${attestLimits.claims} bytes`],
        ['init data of a service', `${attestLimits.initData} bytes`],
      ],
    ),
    '## Sessions',
    table(['What', 'At most'], rows(sessionLimits, sessions)),
  );
}
