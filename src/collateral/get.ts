import { Client } from 'undici';
import { concat } from '../core/bytes.ts';
import { SconeError, systemCode } from '../core/errors.ts';

/** The whole answer to one request. */
export interface Answer {
  status: number;
  /** By lower-case name; of a header that came twice, nothing. */
  headers: ReadonlyMap<string, string>;
  body: Uint8Array<ArrayBuffer>;
}

export interface GetLimits {
  /** Milliseconds from the first byte sent to the last one read. */
  timeout: number;
  maxBytes: number;
  /** Ends it before its time. */
  signal?: AbortSignal | undefined;
}

/**
 * Asks one URL once and follows nothing: a redirect is an answer like any other. Throws `E_COLLATERAL`; `found` is the
 * operating system's code where there is one, `timeout` or `too large`.
 */
export type Get = (url: URL, limits: GetLimits) => Promise<Answer>;

/** Issuer chains come in headers: two certificates, percent-encoded, are about 3 KB. */
const maxHeaderBytes = 32 * 1024;

/**
 * `Get` over HTTPS. The server's certificate is checked against the system's roots or the given ones, although nothing
 * that is fetched is believed because of it.
 *
 * @param ca PEM of the roots to accept instead, for a caching service with a certificate of its own.
 */
export function httpsGet(ca?: string): Get {
  return async (url, { timeout, maxBytes, signal }) => {
    const client = new Client(url.origin, {
      connect: { timeout, ...(ca === undefined ? {} : { ca }) },
      maxHeaderSize: maxHeaderBytes,
      pipelining: 0,
    });
    try {
      const answer = await client.request({
        method: 'GET',
        path: `${url.pathname}${url.search}`,
        headers: { 'accept-encoding': 'identity' },
        signal: AbortSignal.any([AbortSignal.timeout(timeout), ...(signal === undefined ? [] : [signal])]),
      });
      return {
        status: answer.statusCode,
        headers: new Map(
          Object.entries(answer.headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
        ),
        body: await readWhole(answer.body, maxBytes, url),
      };
    } catch (error) {
      throw error instanceof SconeError ? error : unreachable(url, timeout, error);
    } finally {
      // An idle or half-open connection must not outlive the answer.
      await client.destroy();
    }
  };
}

async function readWhole(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  url: URL,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > maxBytes) {
      throw new SconeError('E_COLLATERAL', `the answer of ${url.host} is larger than it may be`, {
        expected: `at most ${maxBytes} bytes`,
        found: 'too large',
      });
    }
    parts.push(part);
  }
  return concat(...parts);
}

function unreachable(url: URL, timeout: number, error: unknown): SconeError {
  if (error instanceof Error && (error.name === 'TimeoutError' || /TIMEOUT/.test(systemCode(error) ?? ''))) {
    return new SconeError('E_COLLATERAL', `${url.host} did not answer completely in ${timeout / 1000} s`, {
      found: 'timeout',
      hint: 'try again, or name another service',
    });
  }
  return new SconeError('E_COLLATERAL', `there was no answer from ${url.host}`, {
    found: systemCode(error) ?? 'no answer',
    cause: error,
    hint: 'check the name of the service, the network, and who signed its certificate',
  });
}
