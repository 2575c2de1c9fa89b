// The floor of `npm run bench -- release`: an HTTPS server with the TLS settings of the CAS that reads a request,
// takes the exporter value, and answers with `{}`. Started as a process of its own, so that it can have a core.
import { constants } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { exporterLength, serviceExporterLabel } from '../src/api/binding.ts';
import { makeIdentity, openIdentity } from '../src/cas/identity.ts';
import { pem } from '../src/pki/pem.ts';

const identity = openIdentity(await makeIdentity(new Date()), 'simulation');
const server = createServer({
  key: pem('PRIVATE KEY', identity.privateKey.export({ format: 'der', type: 'pkcs8' })),
  cert: identity.certificatePem,
  minVersion: 'TLSv1.3',
  ALPNProtocols: ['http/1.1'],
  secureOptions: constants.SSL_OP_NO_TICKET,
});
server.on('secureConnection', (socket: TLSSocket) => {
  socket.exportKeyingMaterial(exporterLength, serviceExporterLabel, Buffer.alloc(0));
});
server.on('request', (request, response) => {
  request.resume().on('end', () => {
    response.shouldKeepAlive = false;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 });
    response.end('{}');
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port, key: identity.keyHash })}\n`);
});
