import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { casExporterLabel, serviceExporterLabel } from '../api/binding.ts';
import { SconeError } from '../core/errors.ts';
import { type ClientPortOptions, clientPort } from './client-port.ts';
import { answer, answerError } from './http.ts';
import type { Limits } from './limits.ts';
import type { ListenAddress } from './listen.ts';
import { consume, type ServicePortOptions, servicePort } from './service-port.ts';
import { type Channel, tlsServer } from './tls.ts';

export interface ServerOptions extends Omit<ClientPortOptions, 'servicePort'>, ServicePortOptions {
  clientListen: ListenAddress;
  serviceListen: ListenAddress;
  /** Takes one line for the operator. */
  report: (line: string) => void;
}

export interface RunningServer {
  client: AddressInfo;
  service: AddressInfo;
  /** Takes no more requests, lets those that have begun end, and closes. */
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, channel: Channel) => Promise<unknown>;

/** Opens both ports. The attestation port first: the client port's answers state its number. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const service = attestationServer(options);
  const serviceAddress = await listen(service, options.serviceListen);
  try {
    const client = clientServer({ ...options, servicePort: serviceAddress.port });
    const clientAddress = await listen(client, options.clientListen);
    return {
      client: clientAddress,
      service: serviceAddress,
      close: async () => {
        await Promise.all([close(client, options.limits), close(service, options.limits)]);
      },
    };
  } catch (error) {
    await close(service, options.limits);
    throw error;
  }
}

function clientServer(options: ServerOptions & ClientPortOptions): Server {
  const { limits } = options;
  const { server, channels } = tlsServer(
    { ...options, label: casExporterLabel, clientCertificates: true },
    {
      headersTimeout: limits.clientHeaders,
      requestTimeout: limits.clientRequest,
      keepAliveTimeout: limits.clientIdle,
    },
  );
  server.maxConnections = limits.clientConnections;
  const handle = clientPort(options);
  server.on('request', (request, response) => {
    const channel = channels.get(request.socket);
    void respond(options, handle, request, response, channel);
  });
  return guard(server, limits);
}

function attestationServer(options: ServerOptions): Server {
  const { limits } = options;
  const { server, channels } = tlsServer(
    { ...options, label: serviceExporterLabel, clientCertificates: false },
    { headersTimeout: limits.attestation, requestTimeout: limits.attestation },
  );
  server.maxConnections = limits.serviceConnections;
  const handle = servicePort(options);
  server.on('request', (request, response) => {
    const channel = channels.get(request.socket);
    if (channel === undefined) {
      request.socket.destroy();
      return;
    }
    // Nothing is awaited before the connection is consumed.
    try {
      consume(channel);
    } catch (error) {
      response.shouldKeepAlive = false;
      request.resume();
      answerError(response, error, undefined, options.report);
      return;
    }
    void respond(options, handle, request, response, channel, () => {
      // The answer closes the connection, unless a pipelined request waits to be told 409, which closes it then.
      response.shouldKeepAlive = channel.requests > 1;
    });
  });
  return guard(server, limits);
}

async function respond(
  { report }: ServerOptions,
  handle: Handler,
  request: IncomingMessage,
  response: ServerResponse,
  channel: Channel | undefined,
  beforeAnswer: () => void = () => {},
): Promise<void> {
  if (channel === undefined) {
    request.socket.destroy();
    return;
  }
  let status = 200;
  let body: unknown;
  let failure: unknown;
  try {
    body = await handle(request, channel);
  } catch (error) {
    failure = error;
    status = 0;
  }
  beforeAnswer();
  // What of a body was not read cannot be the beginning of a next request.
  if (!request.complete) response.shouldKeepAlive = false;
  if (status === 200) answer(response, 200, body);
  else answerError(response, failure, channel.client, report);
  if (!request.complete) request.resume();
}

/** Limits that both ports share, and silence for what is no HTTP. */
function guard(server: Server, limits: Limits): Server {
  server.maxHeadersCount = limits.headerCount;
  server.timeout = limits.silence;
  // Node would answer these by itself, past all that a request has to go through.
  server.on('checkExpectation', (request, response) => void server.emit('request', request, response));
  server.on('clientError', (_error, socket: Socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
  return server;
}

function listen(server: Server, { host, port }: ListenAddress): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new SconeError('E_RUN', `cannot listen on ${host}:${port}`, {
          cause,
          hint: 'another program may have this port: choose others with --listen and --service-listen',
        }),
      );
    });
    server.listen({ host, port }, () => resolve(server.address() as AddressInfo));
  });
}

function close(server: Server, limits: Limits): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), limits.drain);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}
