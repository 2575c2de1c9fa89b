import { setTimeout as wait } from 'node:timers/promises';
import { SconeError } from '../core/errors.ts';
import type { Answer, Get } from './get.ts';

/** How a service is asked; what is left out has the value for use. */
export interface ServiceOptions {
  get: Get;
  /** Milliseconds for one attempt. */
  timeout?: number;
  /** Waits, in milliseconds; tests do not. */
  sleep?: (milliseconds: number) => Promise<unknown>;
  /** Ends everything before its time. */
  signal?: AbortSignal;
}

/** The largest document is a PCK CRL of some hundred KB. */
const maxBytes = 4 * 1024 * 1024;
const defaultTimeout = 15_000;
/** Milliseconds before the second, third and fourth attempt. */
const pauses = [500, 1500, 4000];
/** The longest pause that a service may ask for. */
const longestPause = 20_000;
/** System errors that a moment may mend; a wrong name or certificate is none. */
const passing = ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'EAI_AGAIN', 'UND_ERR_SOCKET'];

/**
 * One service at the base URL that was configured. Only paths of ours are ever asked for, below that base; no URL that
 * stands in evidence, a certificate or an answer is used (threat model 35).
 */
export class Service {
  readonly base: string;
  readonly #options: ServiceOptions;

  /** Throws `E_USAGE` for anything but a plain https URL. */
  constructor(base: string, options: ServiceOptions) {
    this.base = parseBase(base);
    this.#options = options;
  }

  /**
   * The answer with status 200 to a GET of `path`, below the base. An answer of 429 or 5xx and a broken connection are
   * asked for again, four times in all. Throws `E_COLLATERAL`.
   *
   * @param path begins with `/`; its parts are checked hex digits and words of ours.
   * @param what names the document in errors.
   */
  async get(path: string, what: string): Promise<Answer> {
    const url = new URL(`${this.base}${path}`);
    for (let attempt = 0; ; attempt++) {
      const pause = pauses[attempt];
      const outcome = await this.#attempt(url);
      if (!(outcome instanceof SconeError) && outcome.status === 200) return outcome;
      if (pause === undefined || !mayPass(outcome) || this.#options.signal?.aborted === true) {
        throw failure(url, what, outcome);
      }
      const milliseconds = Math.max(pause, askedPause(outcome));
      if (this.#options.sleep !== undefined) await this.#options.sleep(milliseconds);
      else
        await wait(milliseconds, undefined, this.#options.signal === undefined ? {} : { signal: this.#options.signal });
    }
  }

  async #attempt(url: URL): Promise<Answer | SconeError> {
    try {
      const { get, signal, timeout = defaultTimeout } = this.#options;
      return await get(url, { timeout, maxBytes, signal });
    } catch (error) {
      if (error instanceof SconeError) return error;
      throw error;
    }
  }
}

/** Runs requests that need each other: when one has failed for good, the others are ended. */
export async function together<T>(
  options: ServiceOptions,
  work: (options: ServiceOptions & { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const signals = [controller.signal, ...(options.signal === undefined ? [] : [options.signal])];
  try {
    return await work({ ...options, signal: AbortSignal.any(signals) });
  } finally {
    controller.abort();
  }
}

/** A base URL without what could lead elsewhere, and without a slash at its end. Throws `E_USAGE`. */
export function parseBase(text: string): string {
  const url = URL.parse(text);
  const plain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url === null || url.protocol !== 'https:' || !plain) {
    throw new SconeError('E_USAGE', 'the address of a collateral service is not a plain https URL', {
      expected: 'https://host[:port][/path]',
      found: text.slice(0, 200),
      hint: 'without a name, a password, a query or a fragment',
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function mayPass(outcome: Answer | SconeError): boolean {
  if (outcome instanceof SconeError) return passing.includes(outcome.found ?? '');
  return outcome.status === 429 || outcome.status >= 500;
}

/** Retry-After in seconds (RFC 9110, 10.2.3), as milliseconds; its date form is left alone. */
function askedPause(outcome: Answer | SconeError): number {
  const text = outcome instanceof SconeError ? undefined : outcome.headers.get('retry-after');
  return text !== undefined && /^\d{1,6}$/.test(text) ? Math.min(Number(text) * 1000, longestPause) : 0;
}

function failure(url: URL, what: string, outcome: Answer | SconeError): SconeError {
  if (outcome instanceof SconeError) {
    const { expected, found, hint } = outcome;
    return new SconeError('E_COLLATERAL', `the ${what} could not be fetched from ${url.host}`, {
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
      ...(hint === undefined ? {} : { hint }),
      cause: outcome,
    });
  }
  const { status } = outcome;
  const redirect = status >= 300 && status < 400;
  return new SconeError('E_COLLATERAL', `${url.host} has no ${what} for us`, {
    expected: 'status 200',
    found: `status ${status}${redirect ? ', a redirect, which is never followed' : ''}`,
    hint:
      status === 404 || status === 410
        ? 'the service does not know this platform: compare its FMSPC or chip id, or name another service'
        : 'try again later, or name another service',
  });
}
