import { SconeError } from '../core/errors.ts';

/** Where a port listens. */
export interface ListenAddress {
  host: string;
  /** 0: any free one. */
  port: number;
}

/** Reads `HOST:PORT`, `[v6]:PORT` or `PORT`; `E_USAGE` for anything else. */
export function parseListen(text: string, option: string): ListenAddress {
  const [, v6, host, digits] = /^(?:(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new SconeError('E_USAGE', `${option} is no address to listen on`, {
      expected: 'HOST:PORT, for example 127.0.0.1:8081 or [::1]:8081',
      found: text,
    });
  }
  return { host: v6 ?? host ?? '127.0.0.1', port };
}

/** The text of an address, as `parseListen` reads it. */
export function listenText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
