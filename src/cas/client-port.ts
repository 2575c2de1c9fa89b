import type { IncomingMessage } from 'node:http';
import type { HeadAnswer } from '../api/answers.ts';
import { headQuery, logQuery, noQuery, putRequest, readQuery as sessionQuery } from '../api/requests.ts';
import { routes } from '../api/routes.ts';
import { secretNameText, sessionNameText } from '../api/text.ts';
import { base64 } from '../core/bytes.ts';
import { SconeError } from '../core/errors.ts';
import { type OwnEvidenceOptions, ownEvidence } from './cas-evidence.ts';
import { matchRoute, readBody, readQuery, type Target } from './http.ts';
import { ByteBudget, type Limits, TokenBucket } from './limits.ts';
import type { Sessions } from './sessions.ts';
import type { Channel } from './tls.ts';

export interface ClientPortOptions extends OwnEvidenceOptions {
  sessions: Sessions;
  version: string;
  milliseconds: () => number;
  limits: Limits;
}

/** Answers a request of the client port: a function from the request to the body of its answer. */
export function clientPort(
  options: ClientPortOptions,
): (request: IncomingMessage, channel: Channel) => Promise<unknown> {
  const { journal, sessions, platform, version } = options;
  const evidence = new TokenBucket(
    options.limits.evidencePerSecond,
    options.limits.evidenceBurst,
    options.milliseconds,
  );
  const budget = new ByteBudget(options.limits.bodyBytes);
  return async (request, channel) => {
    const target = matchRoute('client', request.method, request.url);
    const { client } = channel;
    switch (target.name) {
      case 'attestation': {
        readQuery(target, noQuery);
        if (!evidence.take()) {
          throw new SconeError('E_LIMIT', 'too many ask this CAS for evidence', { hint: 'try again in a second' });
        }
        return await ownEvidence(options, channel.ekm);
      }
      case 'version':
        readQuery(target, noQuery);
        return { version, mode: platform.mode };
      case 'head': {
        const { from } = readQuery(target, headQuery);
        const answer: HeadAnswer = {
          note: journal.note(),
          proof: from === undefined ? [] : journal.proof(from).map(base64),
        };
        return answer;
      }
      case 'readSession': {
        const { reveal } = readQuery(target, sessionQuery);
        return await sessions.read(sessionName(target.parameter), client, reveal === 'true');
      }
      case 'putSession': {
        readQuery(target, noQuery);
        if (client === undefined) {
          throw new SconeError('E_ACCESS', 'sessions are changed by clients with a certificate', {
            found: 'no client certificate',
            hint: 'show the certificate of your identity (sconectl self show)',
          });
        }
        const name = sessionName(target.parameter);
        const body = await readBody(request, routes.putSession.bodyLimit, putRequest, budget);
        return await sessions.put(name, body, client);
      }
      case 'values': {
        readQuery(target, noQuery);
        const { session, secret } = valuesTarget(target);
        return sessions.values(session, secret);
      }
      case 'log': {
        const { session, from } = readQuery(target, logQuery);
        return await sessions.log(session, from ?? 0, client);
      }
      default:
        throw new SconeError('E_INTERNAL', 'a route of another port was matched');
    }
  };
}

/** `session=<name>[,secret=<name>]`. */
function valuesTarget({ parameter }: Target): { session: string; secret: string | undefined } {
  const [, session, secret] = /^session=([^,=]*)(?:,secret=([^,=]*))?$/.exec(parameter) ?? [];
  if (session === undefined || (secret !== undefined && !secretNameText.safeParse(secret).success)) {
    throw new SconeError('E_FORMAT', 'the path does not say whose values are asked for', {
      expected: '/v1/values/session=<name> or /v1/values/session=<name>,secret=<name>',
    });
  }
  return { session: sessionName(session), secret };
}

function sessionName(text: string): string {
  const parsed = sessionNameText.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new SconeError('E_FORMAT', 'the path does not name a session', { found: text.slice(0, 128) });
}
