import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** What the reporter program says that it was started with, and a line to tell it what to do next. */
export interface Report {
  /** `/proc/self/cmdline`, by argument. */
  argv: string[];
  /** The interpreter's own view of its arguments. */
  orig_argv: string[];
  environment: { [name: string]: string };
  /** `/proc/self/environ`, by variable: what execve was given. */
  initial: string[];
  cwd: string;
  /** Contents of the injected file. */
  note: string;
  /** Where the interpreter looks for modules. */
  path: string[];
  pid_namespace: string;
  /** Has the program do something; resolves when it did, or when it ended. */
  tell: (order: string) => Promise<void>;
}

/** A port on loopback that waits for reporters. */
export interface Listener {
  /** `127.0.0.1:<port>`. */
  address: string;
  /** The next report, in the order of arrival; after the signal nobody waits for it any more. */
  next: (signal: AbortSignal) => Promise<Report>;
  /** Reports that nobody asked for yet. */
  waiting: () => number;
}

/** Opens a listener; it is closed when the test ends. */
export async function listen(t: Pick<TestContext, 'after'>): Promise<Listener> {
  const arrived: Report[] = [];
  const wanted: ((report: Report) => void)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    let done: (() => void)[] = [];
    const settle = (): void => {
      for (const resolve of done) resolve();
      done = [];
    };
    const tell = async (order: string): Promise<void> => {
      if (socket.destroyed) return;
      await new Promise<void>((resolve) => {
        done.push(resolve);
        socket.write(`${order}\n`);
      });
    };
    let reported = false;
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        if (reported) done.shift()?.();
        else {
          reported = true;
          const report: Report = { ...(JSON.parse(line) as Omit<Report, 'tell'>), tell };
          const take = wanted.shift();
          if (take === undefined) arrived.push(report);
          else take(report);
        }
      }
    });
    socket.on('error', settle);
    socket.on('close', settle);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: async (signal) =>
      arrived.shift() ??
      new Promise<Report>((resolve) => {
        wanted.push(resolve);
        signal.addEventListener('abort', () => {
          const at = wanted.indexOf(resolve);
          if (at >= 0) wanted.splice(at, 1);
        });
      }),
    waiting: () => arrived.length,
  };
}
