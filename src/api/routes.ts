import type { z } from 'zod';
import {
  attestAnswer,
  attestationAnswer,
  headAnswer,
  logAnswer,
  putAnswer,
  readAnswer,
  valuesAnswer,
  versionAnswer,
} from './answers.ts';
import { attestRequest, headQuery, logQuery, noQuery, putRequest, readQuery } from './requests.ts';

/** Default ports: clients, and attestation of services. */
export const clientPort = 8081;
export const servicePort = 18_765;

export interface Route {
  /** Each route exists on one port only (L12). */
  port: 'client' | 'service';
  method: 'GET' | 'PUT' | 'POST';
  /** Path with parameters in braces; `{name}` at the end spans `/`. */
  path: string;
  /**
   * Who may call: `public` anybody; `client` whoever shows a certificate (the session's policy decides further);
   * `session` whom the session's access policy lets read; `evidence` whoever proves to be an admitted service.
   */
  access: 'public' | 'client' | 'session' | 'evidence';
  /** Largest request body in bytes; 0 where there is none. */
  bodyLimit: number;
  query: z.ZodType;
  request?: z.ZodType;
  answer: z.ZodType;
  /** One line for the reference. */
  what: string;
}

/** Every route of a CAS; the server, the client and the reference are made from this table. */
export const routes = {
  attestation: {
    port: 'client',
    method: 'GET',
    path: '/v1/attestation',
    access: 'public',
    bodyLimit: 0,
    query: noQuery,
    answer: attestationAnswer,
    what: 'evidence of the CAS, bound to this connection',
  },
  version: {
    port: 'client',
    method: 'GET',
    path: '/v1/version',
    access: 'public',
    bodyLimit: 0,
    query: noQuery,
    answer: versionAnswer,
    what: 'version and mode',
  },
  head: {
    port: 'client',
    method: 'GET',
    path: '/v1/head',
    access: 'public',
    bodyLimit: 0,
    query: headQuery,
    answer: headAnswer,
    what: 'the signed ledger head and a consistency proof',
  },
  readSession: {
    port: 'client',
    method: 'GET',
    path: '/v1/sessions/{name}',
    access: 'session',
    bodyLimit: 0,
    query: readQuery,
    answer: readAnswer,
    what: 'a session as it is in force',
  },
  putSession: {
    port: 'client',
    method: 'PUT',
    path: '/v1/sessions/{name}',
    access: 'client',
    bodyLimit: 1 << 20,
    query: noQuery,
    request: putRequest,
    answer: putAnswer,
    what: 'create or update a session',
  },
  values: {
    port: 'client',
    method: 'GET',
    path: '/v1/values/{name}',
    access: 'public',
    bodyLimit: 0,
    query: noQuery,
    answer: valuesAnswer,
    what: 'exported public values of a session',
  },
  log: {
    port: 'client',
    method: 'GET',
    path: '/v1/log',
    access: 'session',
    bodyLimit: 0,
    query: logQuery,
    answer: logAnswer,
    what: 'what the ledger holds about a session',
  },
  attest: {
    port: 'service',
    method: 'POST',
    path: '/v1/attest',
    access: 'evidence',
    bodyLimit: 1 << 18,
    query: noQuery,
    request: attestRequest,
    answer: attestAnswer,
    what: 'attest a service and release its configuration',
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;

/** Path of a session; its name is percent-encoded by segment, `/` stays. */
export function sessionPath(name: string): string {
  return `/v1/sessions/${encodeName(name)}`;
}

/** Path of the public values of a session, or of one of its secrets. */
export function valuesPath(session: string, secret?: string): string {
  return `/v1/values/session=${encodeName(session)}${secret === undefined ? '' : `,secret=${encodeURIComponent(secret)}`}`;
}

function encodeName(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/');
}
