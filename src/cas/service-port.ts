import type { IncomingMessage } from 'node:http';
import type { AttestAnswer } from '../api/answers.ts';
import { attestRequest, noQuery } from '../api/requests.ts';
import { routes } from '../api/routes.ts';
import { SconeError } from '../core/errors.ts';
import { type AttestOptions, attestService } from './attest.ts';
import { matchRoute, readBody, readQuery } from './http.ts';
import { ByteBudget, type Limits, TokenBucket } from './limits.ts';
import type { Channel } from './tls.ts';

export interface ServicePortOptions extends AttestOptions {
  milliseconds: () => number;
  limits: Limits;
  /** Takes one line for the operator. */
  report: (line: string) => void;
}

/** Lines about refusals, per second: anybody can cause them. */
const refusalLines = 5;

/** Answers the one request of a connection of the attestation port. */
export function servicePort(
  options: ServicePortOptions,
): (request: IncomingMessage, channel: Channel) => Promise<AttestAnswer> {
  const budget = new ByteBudget(options.limits.bodyBytes);
  const lines = new TokenBucket(refusalLines, 4 * refusalLines, options.milliseconds);
  return async (request, channel) => {
    try {
      const target = matchRoute('service', request.method, request.url);
      readQuery(target, noQuery);
      const body = await readBody(request, routes.attest.bodyLimit, attestRequest, budget);
      if (options.milliseconds() - channel.since > options.limits.attestation) {
        throw new SconeError('E_ATTESTATION', 'the evidence came more than 60 s after the handshake', {
          hint: 'connect again; the runtime does this by itself when it is started again',
        });
      }
      return await attestService(options, body, channel.ekm);
    } catch (error) {
      // Not in the ledger, which strangers could fill otherwise (L9).
      if (error instanceof SconeError && lines.take()) options.report(`refused ${error.code}: ${logText(error)}`);
      throw error;
    }
  };
}

/** A message for the log. It may quote a name that a stranger chose, which is neither to fill the log nor to steer a terminal. */
function logText({ message }: SconeError): string {
  return message.slice(0, 200).replace(/\p{C}/gu, '\ufffd');
}

/**
 * The first request on a connection consumes it, whatever becomes of it; every later one is refused. Node hands over
 * pipelined requests at the same time, so this is called before anything is awaited (M1).
 */
export function consume(channel: Channel): void {
  channel.requests++;
  if (channel.requests > 1) {
    throw new SconeError('E_CONFLICT', 'this connection has made its attestation', {
      hint: 'one connection, one attestation: connect again',
    });
  }
}
