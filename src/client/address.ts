import { isIP } from 'node:net';
import { clientPort } from '../api/routes.ts';
import { SconeError } from '../core/errors.ts';

/** Where a CAS listens. */
export interface Address {
  /** A host name or an IP address, without brackets. */
  host: string;
  port: number;
}

/**
 * Reads `host[:port]`; an IPv6 address with a port stands in brackets. No scheme and no path, since the address only
 * says where to knock: who answers is decided by the key. The port is 8081 where none is given. Throws `E_USAGE`.
 */
export function parseAddress(text: string, defaultPort: number = clientPort): Address {
  const bare = isIP(text) === 6 ? { host: text, port: undefined } : undefined;
  const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[A-Za-z0-9._-]+))(?::(?<port>[0-9]{1,5}))?$/.exec(text);
  const host = bare?.host ?? match?.groups?.six ?? match?.groups?.host;
  const port = match?.groups?.port === undefined ? defaultPort : Number(match.groups.port);
  const six = match?.groups?.six;
  if (host === undefined || (six !== undefined && isIP(six) !== 6) || port < 1 || port > 65535) {
    throw new SconeError('E_USAGE', 'this is no address of a CAS', {
      expected: 'host or host:port, without a scheme',
      found: text.slice(0, 200),
      hint: /^[a-z]+:\/\//.test(text)
        ? 'leave out the scheme: cas.example.org:8081'
        : 'write it like cas.example.org:8081',
    });
  }
  return { host: host.toLowerCase(), port };
}

/** The one text form of an address: `host:port`, brackets around IPv6. */
export function addressText(address: Address): string {
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
